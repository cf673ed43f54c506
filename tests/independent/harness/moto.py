"""moto, with two things of AWS that it lacks.

Its clock goes ten minutes ahead at every SIGUSR1: messages that were received and not deleted are not
waited for. And writes of DynamoDB are one after another: moto checks a condition and writes without
anything that keeps another thread from doing so in between.
"""

import datetime
import functools
import signal
import sys
import threading

import moto.core.utils
from moto.dynamodb.models import DynamoDBBackend
from moto.server import main

now, ahead = moto.core.utils.utcnow, datetime.timedelta()


def advance(*_):
    global ahead
    ahead += datetime.timedelta(minutes=10)


one_at_a_time = threading.RLock()


def alone(write):
    @functools.wraps(write)
    def locked(*args, **kwargs):
        with one_at_a_time:
            return write(*args, **kwargs)

    return locked


for name in ("put_item", "delete_item"):
    setattr(DynamoDBBackend, name, alone(getattr(DynamoDBBackend, name)))

moto.core.utils.utcnow = lambda: now() + ahead
signal.signal(signal.SIGUSR1, advance)
main(sys.argv[1:])
