//! Whatever AWS does, every want has an answer, and in time.

use super::*;
use crate::aws::testing::service;
use crate::plan::fleet::{DeploymentId, TaskId};
use crate::plan::surroundings::{ImageId, ImageName, Market, Repository};

/// Everything that may be wanted.
fn everything() -> BTreeSet<Want> {
    let repository = |number: usize| Repository {
        account: "123456789012".into(),
        name: format!("app-{}", number % 7).into(),
    };
    let task = TaskId::parse(&format!("{ARN}:task/prd/{:032x}", 1)).unwrap();
    let mut wants = BTreeSet::from([
        Want::PullThrough,
        Want::FargateQuota(Market::OnDemand),
        Want::FargateQuota(Market::Spot),
        Want::Protection(service("api"), [task].into()),
        Want::CodeDeployGroup(service("web"), DeploymentId::new("d-1")),
    ]);
    for number in 0..30 {
        let name = ImageName::Tag(number.to_string().into());
        wants.extend([
            Want::TaskDefinition(definition_arn(number)),
            Want::TargetGroup(group_arn(number)),
            Want::TargetHealth(group_arn(number)),
            Want::Image(ImageId { repository: repository(number), name }),
            Want::Lifecycle(repository(number)),
            Want::Alarm(format!("alarm-{number}").into()),
            Want::Subnet(format!("subnet-{number}").into()),
        ]);
    }
    wants
}

#[tokio::test(start_paused = true)]
async fn every_want_has_an_answer_whatever_aws_answers() {
    let replies: [fn() -> Reply; 6] = [
        || Reply::Silence,
        || Reply::ok(json!({})),
        || Reply::Page(500, "<html>no</html>"),
        || Reply::Page(200, "\u{0}"),
        || Reply::error("AccessDeniedException", "no"),
        || Reply::error("ThrottlingException", "slow down"),
    ];
    for reply in replies {
        let aws = FakeAws::new(move |_| reply());
        let begun = Instant::now();
        let read = read(&aws, everything()).await;
        assert!(begun.elapsed() <= Duration::from_secs(31), "{:?}", begun.elapsed());
        assert!(read.problems().count() > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_read_ahead_lets_others_go_first() {
    let aws = FakeAws::new(|_| Reply::error("RepositoryNotFoundException", "no"));
    // Two calls at once, and one each second.
    let (ecs, _) = aws.connect_at(0.05).await;
    let surveyor = Surveyor::new(ecs);
    let image = |name: String| {
        let repository = Repository { account: "123456789012".into(), name: name.into() };
        Want::Image(ImageId { repository, name: ImageName::Tag("v1".into()) })
    };
    let ahead = (0..10).map(|number| image(format!("ahead-{number}"))).collect();
    let start = BTreeSet::from([image("start".to_owned())]);
    let begun = Instant::now();
    let (ahead, start) = tokio::join!(
        biased;
        async {
            surveyor.survey(&ahead, Priority::Look).await;
            begun.elapsed()
        },
        async {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            surveyor.survey(&start, Priority::Urgent).await;
            begun.elapsed()
        },
    );
    assert!(
        start < Duration::from_secs(3) && ahead > Duration::from_secs(8),
        "{start:?} {ahead:?}"
    );
}
