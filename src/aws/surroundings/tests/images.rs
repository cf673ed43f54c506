use super::*;
use crate::plan::surroundings::{
    Image, ImageId, ImageKind, ImageName, ImageSeen, ImageStatus, Repository,
};

const IMAGES: &str = "DescribeImages";

fn repository(name: &str) -> Repository {
    Repository { account: "210987654321".into(), name: name.into() }
}

fn tag(repository_name: &str, number: usize) -> ImageId {
    ImageId {
        repository: repository(repository_name),
        name: ImageName::Tag(format!("v{number:03}").into()),
    }
}

fn tags(repository: &str, numbers: impl IntoIterator<Item = usize>) -> Vec<ImageId> {
    numbers.into_iter().map(|number| tag(repository, number)).collect()
}

fn wants(ids: &[ImageId]) -> impl Iterator<Item = Want> {
    ids.iter().cloned().map(Want::Image)
}

/// The tags or digests that a call is about.
fn asked_names(call: &Call) -> Vec<String> {
    let ids = call.body["imageIds"].as_array().cloned().unwrap_or_default();
    let name = |id: &Value| id["imageTag"].as_str().or(id["imageDigest"].as_str()).unwrap().into();
    ids.iter().map(name).collect()
}

fn with_archive(call: &Call) -> bool {
    call.body["filter"]["imageStatus"] == "ANY"
}

fn detail(tag: &str) -> Value {
    json!({ "imageDigest": format!("sha256:{tag}"), "imageTags": [tag], "imagePushedAt": 1_799_000_000.0 })
}

fn details(tags: &[String]) -> Reply {
    let details: Vec<_> = tags.iter().map(|tag| detail(tag)).collect();
    Reply::ok(json!({ "imageDetails": details }))
}

/// A registry that has all images but those.
fn without(missing: &'static [&'static str]) -> FakeAws {
    FakeAws::new(move |call| {
        let asked = asked_names(call);
        match asked.iter().any(|tag| missing.contains(&tag.as_str())) {
            true => Reply::error("ImageNotFoundException", "one of them is not there"),
            false => details(&asked),
        }
    })
}

fn seen<'a>(read: &'a Surroundings, id: &ImageId) -> &'a ImageSeen {
    read.images[id].value.as_ref().unwrap()
}

fn status(seen: &ImageSeen) -> Option<&ImageStatus> {
    match seen {
        ImageSeen::There(image) => Some(&image.status),
        ImageSeen::Missing | ImageSeen::NoRepository => None,
    }
}

fn problem(read: &Surroundings, id: &ImageId) -> ProblemClass {
    read.images[id].value.as_ref().unwrap_err().class
}

#[tokio::test(start_paused = true)]
async fn images_are_read_by_the_hundred_from_the_registry_of_their_account() {
    let aws = without(&[]);
    let ids = [tags("app", 0..250), tags("web/api", 0..3)].concat();
    let read = read(&aws, wants(&ids)).await;
    assert!(ids.iter().all(|id| status(seen(&read, id)) == Some(&ImageStatus::Active)));
    let calls = aws.take_calls();
    let mut batches: Vec<_> = calls
        .iter()
        .map(|call| (call.text("repositoryName").to_owned(), asked_names(call).len()))
        .collect();
    batches.sort();
    let app = |count| ("app".to_owned(), count);
    assert_eq!(batches, [app(50), app(100), app(100), ("web/api".to_owned(), 3)]);
    for call in &calls {
        assert_eq!(call.text("registryId"), "210987654321");
        assert_eq!([&call.body["filter"], &call.body["maxResults"]], [&Value::Null; 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_image_is_found_by_halving_and_costs_one_call_from_then_on() {
    let aws = without(&["v000"]);
    let ids = tags("app", 0..100);
    let surveyor = Surveyor::new(aws.connect().await);
    let read = pass(&surveyor, wants(&ids)).await;
    let missing = |read: &Surroundings| -> Vec<ImageId> {
        ids.iter().filter(|id| seen(read, id) == &ImageSeen::Missing).cloned().collect()
    };
    assert_eq!(missing(&read), [tag("app", 0)]);
    // 100, 50 and 50, 25 and 25, 12 and 13, 6 and 6, 3 and 3, 1 and 2; then the archive.
    assert_eq!(aws.take_counts([IMAGES]), [14]);
    // A clone remembers it too.
    let read = pass(&surveyor.clone(), wants(&ids)).await;
    assert_eq!(missing(&read), [tag("app", 0)]);
    let sizes: Vec<_> = aws.take_calls().iter().map(|call| asked_names(call).len()).collect();
    assert_eq!(sizes, [99, 1]);
    // It is pushed again.
    aws.answer(|call| details(&asked_names(call)));
    assert_eq!(missing(&pass(&surveyor, wants(&ids)).await), []);
    assert_eq!(aws.take_counts([IMAGES]), [2]);
    pass(&surveyor, wants(&ids)).await;
    assert_eq!(aws.take_counts([IMAGES]), [1]);
}

#[tokio::test(start_paused = true)]
async fn an_image_in_the_archive_is_not_called_missing() {
    let archived = |status: &'static str, silent: bool| {
        FakeAws::new(move |call| {
            let mut image = detail("v001");
            image["imageStatus"] = status.into();
            match (with_archive(call), silent) {
                (true, _) => Reply::ok(json!({ "imageDetails": [image] })),
                (false, true) => Reply::ok(json!({ "imageDetails": [] })),
                (false, false) => Reply::error("ImageNotFoundException", "no"),
            }
        })
    };
    for (said, silent, expected) in [
        ("ARCHIVED", false, ImageStatus::Archived),
        ("ARCHIVED", true, ImageStatus::Archived),
        ("ACTIVATING", false, ImageStatus::Activating),
    ] {
        let aws = archived(said, silent);
        let surveyor = Surveyor::new(aws.connect().await);
        for calls in [2, if silent { 2 } else { 1 }] {
            let read = pass(&surveyor, wants(&tags("app", [1]))).await;
            assert_eq!(status(seen(&read, &tag("app", 1))), Some(&expected));
            assert_eq!(aws.take_counts([IMAGES]), [calls], "{said} {silent}");
        }
        // It takes a while to come back, and is looked for again.
        tokio::time::advance(Duration::from_mins(10)).await;
        pass(&surveyor, wants(&tags("app", [1]))).await;
        assert_eq!(aws.take_counts([IMAGES]), [2]);
    }
    // A registry that knows no archive.
    let aws = FakeAws::new(|call| match with_archive(call) {
        true => Reply::error("InvalidParameterException", "there is no such filter"),
        false => Reply::error("ImageNotFoundException", "no"),
    });
    let surveyor = Surveyor::new(aws.connect().await);
    for calls in [2, 1] {
        let read = pass(&surveyor, wants(&tags("app", [1]))).await;
        assert_eq!(seen(&read, &tag("app", 1)), &ImageSeen::Missing);
        assert_eq!(aws.take_counts([IMAGES]), [calls]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_is_missing_or_denied_is_asked_once_and_harms_no_other() {
    let aws = FakeAws::new(|call| match call.text("repositoryName") {
        "gone" => Reply::error("RepositoryNotFoundException", "no"),
        "closed" => Reply::error("AccessDeniedException", "no"),
        _ => details(&asked_names(call)),
    });
    let ids = [tags("app", 0..2), tags("gone", 0..150), tags("closed", 0..150)].concat();
    let read = read(&aws, wants(&ids)).await;
    for number in [0, 149] {
        assert_eq!(seen(&read, &tag("gone", number)), &ImageSeen::NoRepository);
        assert_eq!(problem(&read, &tag("closed", number)), ProblemClass::Denied);
    }
    assert!(status(seen(&read, &tag("app", 1))).is_some());
    assert_eq!(aws.take_counts([IMAGES]), [3]);
    let told = read.images[&tag("closed", 0)].value.as_ref().unwrap_err().to_string();
    assert!(told.ends_with("allow the IAM action ecr:DescribeImages"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn one_entry_answers_for_the_tag_and_the_digest_of_an_image() {
    let aws = FakeAws::new(|_| {
        Reply::ok(json!({ "imageDetails": [{
            "imageDigest": "sha256:abc",
            "imageTags": ["v000", "latest"],
            "imagePushedAt": 1_799_000_000.0,
            "lastRecordedPullTime": 1_799_500_000.0,
            "imageStatus": "ACTIVE",
            "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
        }] }))
    });
    let digest = ImageName::Digest("sha256:abc".into());
    let ids = [tag("app", 0), ImageId { repository: repository("app"), name: digest }];
    let read = read(&aws, wants(&ids)).await;
    let time = |seconds| crate::clock::Time::from_timestamp(seconds, 0);
    let expected = ImageSeen::There(Image {
        digest: "sha256:abc".into(),
        status: ImageStatus::Active,
        kind: ImageKind::Index,
        tags: ["v000".into(), "latest".into()].into(),
        pushed_at: time(1_799_000_000),
        last_pulled_at: time(1_799_500_000),
    });
    assert_eq!([seen(&read, &ids[0]), seen(&read, &ids[1])], [&expected; 2]);
    let calls = aws.take_calls();
    let ids = json!([{ "imageTag": "v000" }, { "imageDigest": "sha256:abc" }]);
    assert_eq!((calls.len(), &calls[0].body["imageIds"]), (1, &ids));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_none_harms_no_other() {
    let aws = FakeAws::new(|call| {
        let asked = asked_names(call);
        match asked.contains(&"v003".to_owned()) {
            true => Reply::error("InvalidParameterException", "no"),
            false => details(&asked),
        }
    });
    let ids = tags("app", 0..4);
    let read = read(&aws, wants(&ids)).await;
    assert_eq!(problem(&read, &ids[3]), ProblemClass::Invalid);
    assert!(ids[..3].iter().all(|id| status(seen(&read, id)).is_some()));
    assert_eq!(aws.take_counts([IMAGES]), [5]);
}

#[tokio::test(start_paused = true)]
async fn odd_answers_about_images_are_no_news_of_them() {
    let mut unnamed = detail("v001");
    unnamed.as_object_mut().unwrap().remove("imageDigest");
    let other = json!({ "imageDetails": [detail("v002"), {}, unnamed] });
    for reply in [json!({}), json!({ "imageDetails": [] }), other] {
        let aws = FakeAws::new(move |_| Reply::ok(reply.clone()));
        let read = read(&aws, wants(&tags("app", [1]))).await;
        assert_eq!(problem(&read, &tag("app", 1)), ProblemClass::Server);
    }
    let aws = FakeAws::new(|_| {
        Reply::ok(json!({ "imageDetails": [
            { "imageDigest": "sha256:x", "imageTags": ["v001"], "imageStatus": "FROZEN" },
        ] }))
    });
    let read = read(&aws, wants(&tags("app", [1]))).await;
    let ImageSeen::There(image) = seen(&read, &tag("app", 1)) else { panic!("it is there") };
    assert_eq!(image.status, ImageStatus::Unknown("FROZEN".into()));
    assert_eq!((image.pushed_at, &image.kind), (None, &ImageKind::Unknown));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_once_the_pass_has_ended() {
    let aws = FakeAws::new(|_| Reply::Silence);
    let ids = tags("app", 0..250);
    let read = read(&aws, wants(&ids)).await;
    assert!(ids.iter().all(|id| problem(&read, id) == ProblemClass::Timeout));
    // The attempts of the first call, which last as long as the pass.
    assert_eq!(aws.take_counts([IMAGES]), [3]);
}
