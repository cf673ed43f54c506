//! What is granted, for whom, and that nothing is missing or too much.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use super::grant::{Action, GRANTS, Grant};
use super::*;
use crate::announce;
use crate::aws::Operation;
use crate::metrics::Label;
use crate::plan::preflight::{Name, iam_action};
use crate::settings::{self, RawFiles, Settings, Sources};

/// With it set, the files are written instead of compared.
const REWRITE_VARIABLE: &str = "ECS_REFRESH_REWRITE";

fn settings(text: &str) -> Settings {
    settings::parse(&RawFiles::embedded("a.toml", text), &Sources::default()).unwrap()
}

fn policy(name: &str, services: &str, more: &str) -> String {
    format!(
        "[[policy]]\nname = {name:?}\nservices = {{ {services} }}\nwindows = \"always\"\n\
         max_task_age = \"7d\"\n{more}\n"
    )
}

fn needs(text: &str) -> Needs {
    Needs::of(&settings(text), &Scope::default(), None)
}

fn actions(document: &Document) -> BTreeSet<String> {
    document.statements.iter().flat_map(|statement| statement.actions.clone()).collect()
}

#[track_caller]
fn statement<'a>(document: &'a Document, sid: &str) -> &'a Statement {
    document.statements.iter().find(|statement| statement.sid == sid).unwrap()
}

/// Everything that there is.
const EVERYTHING: &str = "[aws]\nregion = \"eu-west-1\"\n\
    [store]\nkind = \"dynamodb\"\ntable = \"ledger\"\n\
    [events]\nqueue_url = \"https://sqs.eu-west-1.amazonaws.com/123456789012/notices\"\n\
    [announce]\nevent_bus = \"ops\"\n[health]\npoll = true\n";

fn everything() -> String {
    let more = "code_deploy = true\non_failure = \"rollback\"\nhold_while_alarm = [\"errors\"]";
    format!("{EVERYTHING}{}", policy("all", "clusters = [\"prd\"]", more))
}

#[test]
fn every_operation_has_a_grant_in_its_feature() {
    for operation in Operation::ALL {
        let is_granted = |grant: &Grant| {
            grant.feature == Feature::of(*operation)
                && grant.actions.iter().any(|action| action.name() == operation.iam_action())
        };
        assert!(GRANTS.iter().any(is_granted), "{operation:?} is granted nowhere");
    }
}

#[test]
fn a_configuration_with_everything_is_allowed_every_operation_and_nothing_else() {
    let allowed = actions(&needs(&everything()).document);
    let wanted = Operation::ALL.iter().map(|operation| operation.iam_action());
    // What CodeDeploy asks for beside the operation itself.
    let wanted = wanted.chain(["codedeploy:RegisterApplicationRevision".to_owned()]);
    assert_eq!(allowed, wanted.collect());
}

#[test]
fn statements_have_ids_of_their_own_that_iam_takes_and_say_what_they_are_for() {
    let mut seen = BTreeSet::new();
    for grant in GRANTS {
        assert!(grant.sid.chars().all(|sign| sign.is_ascii_alphanumeric()), "{}", grant.sid);
        assert!(seen.insert(grant.sid), "{} is taken", grant.sid);
        assert!(!grant.why.is_empty() && !grant.actions.is_empty(), "{}", grant.sid);
        for action in grant.actions {
            let Action::Of(operation) = action else { continue };
            let feature = Feature::of(*operation);
            let same = feature == grant.feature
                || (feature, grant.feature) == (Feature::Refresh, Feature::RefreshTagged);
            assert!(same, "{}: {} is of {}", grant.sid, action.name(), feature.name());
        }
    }
    let order: Vec<_> = GRANTS.iter().map(|grant| grant.feature).collect();
    assert!(order.is_sorted(), "a policy lists them in the order of the features");
}

#[test]
fn the_files_say_what_is_granted() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/iam");
    let rewrite = env::var_os(REWRITE_VARIABLE).is_some();
    let mut names = BTreeSet::new();
    for feature in Feature::ALL {
        let name = format!("{}.json", feature.name());
        let path = directory.join(&name);
        let expected = feature.template().to_json().unwrap();
        if rewrite {
            fs::create_dir_all(&directory).unwrap();
            fs::write(&path, &expected).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, expected, "{name}: set {REWRITE_VARIABLE}=1 to have it written");
        names.insert(name);
    }
    let found = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name());
    let found: BTreeSet<String> = found.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(found, names);
}

#[test]
fn only_what_is_configured_is_allowed() {
    let plain = policy("p", "clusters = [\"prd\"]", "");
    let always = [Feature::Observe, Feature::Refresh, Feature::Preflight];
    assert_eq!(needs(&plain).features, always);
    let with = |sections: &str, more: &str| {
        let text = format!("{sections}{}", policy("p", "clusters = [\"prd\"]", more));
        let features = needs(&text).features;
        features.into_iter().filter(|feature| !always.contains(feature)).collect::<Vec<_>>()
    };
    let queue = "[events]\nqueue_url = \"https://sqs.eu-west-1.amazonaws.com/123456789012/q\"\n";
    let table = "[store]\nkind = \"dynamodb\"\ntable = \"ledger\"\n";
    for (sections, more, expected) in [
        ("", "code_deploy = true", Feature::CodeDeploy),
        ("", "on_failure = \"rollback\"", Feature::Rollback),
        (queue, "", Feature::Events),
        ("[health]\npoll = true\n", "", Feature::Health),
        ("[announce]\nevent_bus = \"ops\"\n", "", Feature::Announce),
        (table, "", Feature::StoreDynamoDb),
    ] {
        assert_eq!(with(sections, more), [expected], "{sections}{more}");
    }
}

/// What some configurations need and others do not, as far as it is read before a start.
fn read_before_a_start(text: &str) -> Vec<String> {
    let sids = ["ComputeTimes", "CheckBefore", "CheckImages"];
    let statements = needs(text).document.statements;
    let found = statements.into_iter().filter(|statement| sids.contains(&statement.sid));
    found.flat_map(|statement| statement.actions).collect()
}

/// A policy that makes no check but `made`, and whose deadline nothing is read for.
fn checking(made: Option<Name>, more: &str) -> String {
    let others = Name::ALL.iter().filter(|name| Some(**name) != made && **name != Name::Alarms);
    let allowed: Vec<_> = others.map(|name| format!("{} = \"allow\"", name.name())).collect();
    let rule =
        format!("rollout_timeout = \"1h\"\npreflight = {{ {} }}\n{more}", allowed.join(", "));
    policy("p", "clusters = [\"prd\"]", &rule)
}

#[test]
fn only_what_checks_and_deadlines_rest_on_is_allowed() {
    const DEFINITION: &str = "ecs:DescribeTaskDefinition";
    const GROUPS: [&str; 2] = [
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
    ];
    const PULL_THROUGH: &str = "ecr:DescribePullThroughCacheRules";
    const IMAGES: &str = "ecr:DescribeImages";
    let windows = |text: String| {
        let windows = "windows = [{ cron = \"0 3 * * *\", duration = \"2h\" }]";
        text.replace("windows = \"always\"", windows)
    };
    let check = |name| checking(Some(name), "");
    for (text, expected) in [
        (checking(None, ""), &[][..]),
        (checking(None, "").replace("\"1h\"", "\"auto\""), &[DEFINITION, GROUPS[0], GROUPS[1]]),
        (check(Name::TaskDefinition), &[DEFINITION]),
        (check(Name::ImageExists), &[DEFINITION, PULL_THROUGH, IMAGES]),
        (check(Name::ImageKept), &[DEFINITION, PULL_THROUGH, IMAGES, "ecr:GetLifecyclePolicy"]),
        (check(Name::ImageDrift), &[DEFINITION, IMAGES]),
        (check(Name::CanMove), &[]),
        (check(Name::Drain), &[DEFINITION, GROUPS[0], GROUPS[1]]),
        (check(Name::FitsWindow), &[]),
        (windows(check(Name::FitsWindow)), &[DEFINITION, GROUPS[0], GROUPS[1]]),
        (windows(check(Name::CanMove)), &[]),
        (check(Name::Steady), &["elasticloadbalancing:DescribeTargetHealth"]),
        (
            check(Name::Room),
            &[
                DEFINITION,
                "cloudwatch:GetMetricData",
                "servicequotas:GetServiceQuota",
                "ec2:DescribeSubnets",
            ],
        ),
        (checking(None, "hold_while_alarm = [\"errors\"]"), &["cloudwatch:DescribeAlarms"]),
    ] {
        assert_eq!(read_before_a_start(&text), expected, "{text}");
    }
    let preflight = needs(&checking(None, "")).features.contains(&Feature::Preflight);
    assert!(!preflight, "no check is made that anything is read for");
}

#[test]
fn a_policy_that_is_not_enabled_is_allowed_to_be_watched() {
    let more = "enabled = false\ncode_deploy = true\non_failure = \"rollback\"\n\
                hold_while_alarm = [\"errors\"]";
    let found = needs(&policy("off", "clusters = [\"labs\"]", more));
    assert_eq!(found.features, [Feature::Observe, Feature::Refresh]);
    let sids: Vec<_> = found.document.statements.iter().map(|statement| statement.sid).collect();
    assert_eq!(
        sids,
        [
            "SeeClusters",
            "FindServicesAndTasks",
            "SeeServices",
            "SeeStages",
            "SeeTasks",
            "SeeProtection"
        ]
    );
}

#[test]
fn clusters_are_listed_where_patterns_or_notices_ask_for_it_and_described_by_name() {
    let (list, describe) = ("ecs:ListClusters", "ecs:DescribeClusters");
    let notices = "[health]\npoll = true\n";
    let dry = "[daemon]\ndry_run = true\n";
    for (sections, clusters, expected) in [
        ("", "\"prd\"", &[describe][..]),
        ("", "\"prd\", \"stg\"", &[describe]),
        ("", "\"prd-*\"", &[list]),
        ("", "\"{prd,stg}\"", &[list]),
        ("", "\"*\", \"prd\"", &[list, describe]),
        (notices, "\"prd\"", &[list, describe]),
        (&format!("{dry}{notices}"), "\"prd\"", &[describe]),
    ] {
        let text = format!("{sections}{}", policy("p", &format!("clusters = [{clusters}]"), ""));
        let allowed = needs(&text).document;
        let found = allowed.statements.iter().flat_map(|statement| &statement.actions);
        let found: Vec<_> = found.filter(|action| action.ends_with("Clusters")).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn events_are_put_in_no_other_name() {
    assert_eq!(super::grant::EVENT_SOURCE, announce::SOURCE);
    let found = needs(&everything()).document;
    let condition = &statement(&found, "Announce").condition;
    assert_eq!(condition["StringEquals"]["events:source"], [announce::SOURCE]);
}

#[test]
fn checks_name_the_actions_that_are_granted() {
    let checked = [Feature::Observe, Feature::Preflight];
    for operation in Operation::ALL.iter().filter(|one| checked.contains(&Feature::of(**one))) {
        assert_eq!(iam_action(operation.name()), operation.iam_action());
    }
}

/// The part of the README that is about permissions.
fn readme() -> &'static str {
    let text = include_str!("../../README.md");
    let (_, part) = text.split_once("\n## IAM\n").unwrap();
    part.split_once("\n## ").unwrap().0
}

/// What is quoted as code in a text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_readme_names_every_action_once_and_no_other() {
    let rows = readme().lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|line| line.split('|').nth(1).unwrap());
    let mut named: Vec<&str> = cells.flat_map(quoted).collect();
    named.sort_unstable();
    let granted = Feature::ALL.iter().flat_map(|feature| actions(&feature.template()));
    let granted: BTreeSet<String> = granted.collect();
    assert_eq!(named, granted.iter().collect::<Vec<_>>());
}

#[test]
fn the_readme_names_every_word_that_is_left_open() {
    let named: BTreeSet<&str> = quoted(readme()).filter(|text| text.starts_with("${")).collect();
    let files: String = Feature::ALL.iter().map(|one| one.template().to_json().unwrap()).collect();
    let words = files.split("${").skip(1).map(|rest| rest.split_once('}').unwrap().0);
    let words: BTreeSet<String> = words.map(|word| format!("${{{word}}}")).collect();
    assert_eq!(named, words.iter().map(String::as_str).collect());
}

#[test]
fn a_dry_run_is_allowed_to_look_and_to_read_its_ledger() {
    let text = format!("[daemon]\ndry_run = true\n{}", everything());
    let allowed = actions(&needs(&text).document);
    for action in [
        "ecs:UpdateService",
        "ecs:StopServiceDeployment",
        "codedeploy:CreateDeployment",
        "codedeploy:RegisterApplicationRevision",
        "events:PutEvents",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "dynamodb:PutItem",
        "dynamodb:DeleteItem",
    ] {
        assert!(!allowed.contains(action), "{action} changes something");
    }
    for action in ["dynamodb:Query", "codedeploy:GetDeployment", "ecs:DescribeServices"] {
        assert!(allowed.contains(action), "{action} is missing");
    }
}

#[test]
fn resources_are_as_narrow_as_the_selectors() {
    let text = [
        policy(
            "a",
            "clusters = [\"prd\", \"{stg,dev}-*\"], names = [\"api\", \"api\", \"web-*\"]",
            "",
        ),
        policy("b", "clusters = [\"prd\"], names = [\"web-1\"]", ""),
        policy("c", "clusters = [\"labs\"]", "enabled = false"),
    ];
    let found = needs(&text.concat());
    assert_eq!(found.warnings, [""; 0]);
    let arn = |resource: &str| format!("arn:*:ecs:*:*:{resource}");
    assert_eq!(
        statement(&found.document, "RefreshServices").resources,
        [
            "service/dev-*/api",
            "service/dev-*/web-*",
            "service/prd/api",
            "service/prd/web-*",
            "service/stg-*/api",
            "service/stg-*/web-*"
        ]
        .map(arn),
        "what is not enabled is refreshed by nobody"
    );
    let clusters =
        ["cluster/dev-*", "cluster/labs", "cluster/prd", "cluster/stg-*"].map(arn).to_vec();
    assert_eq!(statement(&found.document, "SeeClusters").resources, clusters);
    let condition = &statement(&found.document, "FindServicesAndTasks").condition;
    assert_eq!(condition["ArnLike"]["ecs:cluster"], clusters);
    assert_eq!(
        statement(&found.document, "SeeTasks").resources,
        ["task/dev-*/*", "task/labs/*", "task/prd/*", "task/stg-*/*"].map(arn)
    );
}

#[test]
fn what_iam_cannot_say_is_allowed_wider_and_told() {
    let found = needs(&policy("a", "clusters = [\"prd-[a-c]\"], names = [\"api-[0-9]\"]", ""));
    assert_eq!(
        found.warnings,
        [
            "policy \"a\": clusters: IAM cannot say \"prd-[a-c]\", so prd-? is allowed",
            "policy \"a\": names: IAM cannot say \"api-[0-9]\", so api-? is allowed",
        ]
    );
    let resources = &statement(&found.document, "RefreshServices").resources;
    assert_eq!(*resources, ["arn:*:ecs:*:*:service/prd-?/api-?"]);
}

#[test]
fn more_names_than_a_policy_holds_are_not_told_apart() {
    let list = |count: usize| {
        (0..count).map(|number| format!("\"n{number}\"")).collect::<Vec<_>>().join(", ")
    };
    let (few, many) = (list(3), list(90));
    let found = needs(&policy("a", &format!("clusters = [{few}], names = [{many}]"), ""));
    assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
    let arn = |name: &str| format!("arn:*:ecs:*:*:service/{name}/*");
    let resources = &statement(&found.document, "RefreshServices").resources;
    assert_eq!(*resources, ["n0", "n1", "n2"].map(arn));
    let policies = (0..3).map(|number| {
        let clusters = many.replace("\"n", &format!("\"c{number}-"));
        policy(&format!("p{number}"), &format!("clusters = [{clusters}], names = [{many}]"), "")
    });
    let found = needs(&policies.collect::<String>());
    assert_eq!(found.warnings.len(), 2, "{:?}", found.warnings);
    for sid in ["RefreshServices", "SeeServices"] {
        assert_eq!(statement(&found.document, sid).resources, ["arn:*:ecs:*:*:service/*"]);
    }
}

#[test]
fn tasks_of_a_notice_may_be_in_any_cluster() {
    let text = format!("[health]\npoll = true\n{}", policy("a", "clusters = [\"prd\"]", ""));
    let found = needs(&text).document;
    assert_eq!(statement(&found, "SeeTasks").resources, ["arn:*:ecs:*:*:task/*"]);
    assert_eq!(statement(&found, "SeeProtection").resources, ["arn:*:ecs:*:*:task/prd/*"]);
    let found = needs(&format!("[daemon]\ndry_run = true\n{text}")).document;
    assert_eq!(statement(&found, "SeeTasks").resources, ["arn:*:ecs:*:*:task/prd/*"]);
}

#[test]
fn every_cluster_includes_services_with_arns_of_the_old_form() {
    let found = needs(&policy("a", "clusters = [\"*\", \"prd\"]", "")).document;
    for sid in ["RefreshServices", "SeeServices"] {
        assert_eq!(statement(&found, sid).resources, ["arn:*:ecs:*:*:service/*"]);
    }
}

#[test]
fn where_it_is_used_becomes_part_of_every_arn() {
    let scope = Scope {
        partition: None,
        region: Some("cn-north-1".to_owned()),
        account: Some("210987654321".to_owned()),
    };
    let found = Needs::of(&settings(&everything()), &scope, None).document;
    for (sid, resource) in [
        ("RefreshServices", "arn:aws-cn:ecs:cn-north-1:210987654321:service/prd/*"),
        ("RollBack", "arn:aws-cn:ecs:cn-north-1:210987654321:service-deployment/prd/*"),
        ("DeployAgain", "arn:aws-cn:codedeploy:cn-north-1:210987654321:deploymentgroup:*"),
        ("Announce", "arn:aws-cn:events:cn-north-1:210987654321:event-bus/ops"),
        ("WriteLedger", "arn:aws-cn:dynamodb:cn-north-1:210987654321:table/ledger"),
        // Its URL says where it is.
        ("ReadQueue", "arn:aws-cn:sqs:eu-west-1:123456789012:notices"),
        ("ReadNotices", "arn:aws-cn:health:*::event/ECS/*"),
    ] {
        let resources = &statement(&found, sid).resources;
        assert!(resources.contains(&resource.to_owned()), "{sid}: {resources:?}");
    }
    let json = found.to_json().unwrap();
    assert!(!json.contains("${"), "{json}");
}

#[test]
fn a_tag_opts_services_in() {
    let tag = Tag { key: "refresh".to_owned(), value: "weekly".to_owned() };
    let found = Needs::of(&settings(&everything()), &Scope::default(), Some(&tag));
    assert_eq!(
        found.warnings,
        ["the tag limits ecs:UpdateService, and not ecs:StopServiceDeployment and \
          codedeploy:CreateDeployment"]
    );
    let plain = settings(&policy("a", "clusters = [\"prd\"]", ""));
    assert_eq!(Needs::of(&plain, &Scope::default(), Some(&tag)).warnings, [""; 0]);
    let found = found.document;
    assert!(found.statements.iter().all(|statement| statement.sid != "RefreshServices"));
    let condition = &statement(&found, "RefreshTaggedServices").condition;
    assert_eq!(condition["StringEquals"]["aws:ResourceTag/refresh"], ["weekly"]);
}

#[test]
fn regions_tell_their_partition() {
    for (region, partition) in [
        ("eu-west-1", "aws"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-isob-east-1", "aws-iso-b"),
    ] {
        let scope = Scope { region: Some(region.to_owned()), ..Scope::default() };
        let text = policy("a", "clusters = [\"prd\"]", "");
        let found = Needs::of(&settings(&text), &scope, None).document;
        let start = format!("arn:{partition}:ecs:{region}:*:");
        let resources = &statement(&found, "SeeClusters").resources;
        assert!(resources[0].starts_with(&start), "{resources:?}");
    }
}

#[test]
fn a_usual_policy_fits_into_a_role() {
    let found = needs(&everything());
    assert!(found.document.chars() < ROLE_POLICY_CHARS_MAX / 2, "{}", found.document.chars());
}
