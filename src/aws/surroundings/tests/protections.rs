use super::*;
use crate::aws::testing::service;
use crate::plan::fleet::{Protected, TaskId};

const PROTECTION: &str = "GetTaskProtection";

fn task(number: u128) -> TaskId {
    TaskId::parse(&format!("{ARN}:task/prd/{number:032x}")).unwrap()
}

fn want(name: &str, numbers: std::ops::Range<u128>) -> Want {
    Want::Protection(service(name), numbers.map(task).collect())
}

#[tokio::test(start_paused = true)]
async fn tasks_of_a_service_are_asked_about_by_the_hundred() {
    let aws = FakeAws::new(|call| {
        let tasks = call.texts("tasks");
        let of = |id: &String, enabled: bool| {
            json!({
                "taskArn": format!("{ARN}:task/prd/{id}"),
                "protectionEnabled": enabled, "expirationDate": 1_800_003_600.0,
            })
        };
        Reply::ok(json!({ "protectedTasks": [of(&tasks[0], true), of(&tasks[1], false)] }))
    });
    let found = read(&aws, [want("api", 0..150), want("web", 0..0)]).await;
    let until = epoch() + Duration::from_hours(1);
    let expected = [0, 100].map(|number| Protected { task: task(number), until }).to_vec();
    assert_eq!(found.protections[&service("api")].value, Ok(expected));
    assert_eq!(found.protections[&service("web")].value, Ok(vec![]));
    let sizes: Vec<_> = aws.take_calls().iter().map(|call| call.texts("tasks").len()).collect();
    assert_eq!(sizes, [100, 50]);
}

#[tokio::test(start_paused = true)]
async fn each_service_may_be_denied_by_itself() {
    let aws = FakeAws::new(|call| match call.texts("tasks").len() {
        1 => Reply::error("AccessDeniedException", "no"),
        _ => Reply::ok(json!({})),
    });
    let found = read(&aws, [want("a", 0..1), want("b", 0..2), want("c", 0..1)]).await;
    let class = |name| found.protections[&service(name)].value.as_ref().map_err(|why| why.class);
    assert_eq!(class("a"), Err(ProblemClass::Denied));
    assert_eq!(class("b"), Ok(&vec![]));
    assert_eq!(aws.take_counts([PROTECTION]), [3]);
}
