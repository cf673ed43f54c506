//! `ecs-refresh simulator`: the simulated AWS on a port.

use tokio::net::TcpListener;

use super::args::SimulatorArgs;
use super::exit::Exit;
use crate::clock::Clock;
use crate::simulator::{Options, Simulator};

/// Serves an empty simulated AWS until it is interrupted.
pub async fn simulator(args: SimulatorArgs, clock: Clock) -> Exit {
    let listener = match TcpListener::bind(args.listen).await {
        Ok(listener) => listener,
        Err(error) => return Exit::cannot(format!("cannot listen on {}: {error}", args.listen)),
    };
    let address = match listener.local_addr() {
        Ok(address) => address,
        Err(error) => return Exit::cannot(error),
    };
    let options = Options::default();
    println!(
        "simulated Amazon ECS on http://{address} (region {}, account {})\n\n\
         try:  export AWS_ENDPOINT_URL=http://{address} AWS_REGION={} \\\n\
         \x20            AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n\
         \x20     aws ecs create-cluster --cluster-name prd\n\n\
         Ctrl-C ends it; nothing is kept.",
        options.region, options.account, options.region
    );
    let simulator = Simulator::new(clock.time_source(), options);
    match simulator.serve(listener, super::run::interrupted()).await {
        Ok(()) => Exit::Fine,
        Err(error) => Exit::cannot(error),
    }
}
