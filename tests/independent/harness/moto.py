"""moto, whose clock goes ten minutes ahead at every SIGUSR1: messages that were received and not
deleted are not waited for."""

import datetime
import signal
import sys

import moto.core.utils
from moto.server import main

now, ahead = moto.core.utils.utcnow, datetime.timedelta()


def advance(*_):
    global ahead
    ahead += datetime.timedelta(minutes=10)


moto.core.utils.utcnow = lambda: now() + ahead
signal.signal(signal.SIGUSR1, advance)
main(sys.argv[1:])
