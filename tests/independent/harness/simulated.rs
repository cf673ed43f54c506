//! The simulated AWS, served on a port from within the test, with fleets that roll in seconds.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use ecs_refresh::clock::Clock;
use ecs_refresh::simulator::{Options, ServiceSpec, Simulator};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::aws::REGION;

/// A simulated AWS in real time; dropping it ends it.
pub struct Simulated {
    pub aws: Simulator,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Simulated {
    /// Serves an empty account on a free port.
    pub fn serve() -> Self {
        let options = Options { region: REGION.to_owned(), ..Options::default() };
        let aws = Simulator::new(Clock::system().time_source(), options);
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, address) = std::sync::mpsc::channel();
        let served = aws.clone();
        let serving = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be built").block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                bound.send(listener.local_addr().expect("it is bound")).expect("it is awaited");
                let serving = served.serve(listener, async {
                    let _ = stopped.await;
                });
                serving.await.expect("connections can be accepted");
            });
        });
        let address = address.recv().expect("the server starts");
        Self { aws, address, stop: Some(stop), serving: Some(serving) }
    }

    /// Adds a service with tasks that are ten days old, whose rollouts take `seconds` and a few
    /// more.
    pub fn service(&self, cluster: &str, name: &str, seconds: u64) {
        let spec = ServiceSpec::new(cluster, name)
            .desired(2)
            .task_age(Duration::from_secs(10 * 86_400))
            .start_time(Duration::from_secs(seconds))
            .healthy_after(Duration::from_secs(1))
            .stop_time(Duration::from_secs(1));
        self.aws.add_service(spec);
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        // Open connections of clients that live on would keep the server; nobody waits for it then.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        drop(self.serving.take());
    }
}
