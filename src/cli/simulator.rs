//! `ecs-refresh simulator`: the simulated AWS on a port.

use std::fmt;
use std::time::Duration;

use tokio::net::TcpListener;

use super::args::{FleetArgs, SimulatorArgs};
use super::exit::Exit;
use crate::clock::Clock;
use crate::plan::words::Span;
use crate::simulator::{CodeDeploySpec, Options, ServiceSpec, Simulator};

/// The service that AWS CodeDeploy deploys.
const BLUE_GREEN: &str = "svc-blue-green";

/// The service whose image was deleted.
const NO_IMAGE: &str = "svc-no-image";

/// The repository that has the images of all services, each under its service's name.
const REPOSITORY: &str = "apps";

/// Serves a simulated AWS until it is interrupted: empty, or with the fleet that was asked for.
pub async fn simulator(args: SimulatorArgs, clock: Clock) -> Exit {
    let interrupted = super::run::interrupted();
    let fleet = match SeededFleet::of(&args.fleet) {
        Ok(fleet) => fleet,
        Err(exit) => return exit,
    };
    let listener = match TcpListener::bind(args.listen).await {
        Ok(listener) => listener,
        Err(error) => return Exit::cannot(format!("cannot listen on {}: {error}", args.listen)),
    };
    let address = match listener.local_addr() {
        Ok(address) => address,
        Err(error) => return Exit::cannot(error),
    };
    let options =
        Options { latency: *args.latency, throttling: args.throttling, ..Options::default() };
    let (region, account) = (options.region.clone(), options.account.clone());
    let simulator = Simulator::new(clock.time_source(), options);
    fleet.seed(&simulator);
    println!(
        "simulated AWS on http://{address} (region {region}, account {account})\n{fleet}\n\n\
         try:  export AWS_ENDPOINT_URL=http://{address} AWS_REGION={region} \\\n\
         \x20            AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n\
         \x20     {}\n\n\
         Ctrl-C ends it; nothing is kept.",
        fleet.example()
    );
    match simulator.serve(listener, interrupted).await {
        Ok(()) => Exit::Fine,
        Err(error) => Exit::cannot(error),
    }
}

/// The fleet that is there from the beginning.
#[derive(Debug)]
struct SeededFleet {
    clusters: u32,
    services: u32,
    tasks_per_service: u32,
    task_age: Duration,
    code_deploy: bool,
    image_gone: bool,
}

impl SeededFleet {
    fn of(args: &FleetArgs) -> Result<Self, Exit> {
        let any = args.services > 0 || args.code_deploy || args.image_gone;
        let clusters = args.clusters.unwrap_or(u32::from(any));
        if clusters == 0 && any {
            return Err(Exit::cannot("services need at least one cluster: leave --clusters out"));
        }
        Ok(Self {
            clusters,
            services: args.services,
            tasks_per_service: args.tasks_per_service,
            task_age: *args.task_age,
            code_deploy: args.code_deploy,
            image_gone: args.image_gone,
        })
    }

    fn seed(&self, simulator: &Simulator) {
        for cluster in 0..self.clusters {
            simulator.add_cluster(&cluster_name(cluster));
        }
        for service in 0..self.services {
            let cluster = cluster_name(service % self.clusters);
            simulator.add_service(self.service(simulator, &cluster, &service_name(service)));
        }
        if self.code_deploy {
            let group = CodeDeploySpec::new("shop", BLUE_GREEN);
            let spec = self.service(simulator, &cluster_name(0), BLUE_GREEN);
            simulator.add_service(spec.code_deploy(group));
        }
        if self.image_gone {
            simulator.add_service(self.service(simulator, &cluster_name(0), NO_IMAGE));
            simulator.delete_image(REPOSITORY, NO_IMAGE);
        }
    }

    fn service(&self, simulator: &Simulator, cluster: &str, name: &str) -> ServiceSpec {
        simulator.push_image(REPOSITORY, name);
        let image = simulator.image_reference(&format!("{REPOSITORY}:{name}"));
        let spec = ServiceSpec::new(cluster, name).image(name, &image);
        spec.desired(self.tasks_per_service).task_age(self.task_age)
    }

    /// A first command to try.
    fn example(&self) -> String {
        if self.clusters == 0 {
            return "aws ecs create-cluster --cluster-name prd".to_owned();
        }
        format!("aws ecs list-services --cluster {}", cluster_name(0))
    }
}

impl fmt::Display for SeededFleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.clusters == 0 {
            return f.write_str("it is empty; --services N begins with some");
        }
        let (clusters, services, tasks) = (self.clusters, self.services, self.tasks_per_service);
        write!(f, "clusters {clusters}, services {services}, tasks of each {tasks}")?;
        if services > 0 {
            write!(f, ", created {} ago", Span(self.task_age))?;
        }
        if self.code_deploy {
            write!(f, "; {BLUE_GREEN} is deployed by CodeDeploy")?;
        }
        if self.image_gone {
            write!(f, "; the image of {NO_IMAGE} is gone")?;
        }
        Ok(())
    }
}

fn cluster_name(index: u32) -> String {
    format!("prd-{}", index + 1)
}

fn service_name(index: u32) -> String {
    format!("svc-{:04}", index + 1)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Args, Command};

    fn fleet(flags: &[&str]) -> Result<SeededFleet, String> {
        let words = ["ecs-refresh", "simulator"].iter().chain(flags);
        let args = Args::try_parse_from(words).map_err(|error| error.to_string())?;
        let Command::Simulator(args) = args.command else { panic!("another command") };
        SeededFleet::of(&args.fleet).map_err(|exit| format!("{exit:?}"))
    }

    #[test]
    fn services_are_spread_evenly_over_the_clusters() {
        let flags = ["--clusters=2", "--services=5", "--tasks-per-service=3", "--task-age=8d"];
        let fleet = fleet(&flags).unwrap();
        let clock = Clock::system();
        let simulator = Simulator::new(clock.time_source(), Options::default());
        fleet.seed(&simulator);
        for (cluster, service) in [("prd-1", 1), ("prd-2", 2), ("prd-1", 3), ("prd-2", 4)] {
            let view = simulator.service(cluster, &format!("svc-{service:04}"));
            assert_eq!((view.active_tasks().count(), view.deployments.len()), (3, 1));
        }
        assert_eq!(fleet.to_string(), "clusters 2, services 5, tasks of each 3, created 8d ago");
    }

    #[test]
    fn one_more_service_is_deployed_by_code_deploy() {
        let fleet = fleet(&["--code-deploy", "--tasks-per-service=3"]).unwrap();
        let clock = Clock::system();
        let simulator = Simulator::new(clock.time_source(), Options::default());
        fleet.seed(&simulator);
        assert_eq!(simulator.service("prd-1", "svc-blue-green").active_tasks().count(), 3);
        assert_eq!(simulator.code_deployments("prd-1", "svc-blue-green").len(), 1);
        assert!(fleet.to_string().ends_with("svc-blue-green is deployed by CodeDeploy"), "{fleet}");
    }

    #[test]
    fn one_more_service_has_lost_its_image() {
        let fleet = fleet(&["--image-gone"]).unwrap();
        let clock = Clock::system();
        let simulator = Simulator::new(clock.time_source(), Options::default());
        fleet.seed(&simulator);
        let running = simulator.service("prd-1", "svc-no-image");
        assert_eq!(running.active_tasks().count(), 2, "what runs goes on");
        assert!(fleet.to_string().ends_with("the image of svc-no-image is gone"), "{fleet}");
    }

    #[test]
    fn services_alone_have_one_cluster_and_nothing_asked_for_is_nothing() {
        for (flags, clusters) in
            [(&["--services=1"][..], 1), (&["--code-deploy"], 1), (&["--clusters=3"], 3), (&[], 0)]
        {
            assert_eq!(fleet(flags).unwrap().clusters, clusters, "{flags:?}");
        }
    }

    #[test]
    fn a_fleet_that_cannot_be_is_refused() {
        for flags in [
            &["--services=1", "--clusters=0"][..],
            &["--code-deploy", "--clusters=0"],
            &["--services=20001"],
            &["--tasks-per-service=5001"],
            &["--task-age=old"],
        ] {
            assert!(fleet(flags).is_err(), "{flags:?}");
        }
    }
}
