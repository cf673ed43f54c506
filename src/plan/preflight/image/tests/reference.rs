use super::super::reference::{EcrImage, Part, Reference, is_sha256};
use super::fixture::digest;

fn ecr<'a>(
    account: &'a str,
    region: &'a str,
    repository: &'a str,
    part: Part<'a>,
) -> Reference<'a> {
    Reference::Ecr(EcrImage { account, region, repository, part })
}

#[test]
fn every_host_of_a_private_registry_is_known() {
    for host in [
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443",
        "123456789012.DKR.ECR.eu-west-1.AmazonAWS.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.eu",
        "123456789012.dkr.ecr.eu-west-1.c2s.ic.gov",
        "123456789012.dkr.ecr.eu-west-1.sc2s.sgov.gov",
        "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com",
        "123456789012.dkr-ecr.eu-west-1.on.aws",
        "123456789012.dkr-ecr-fips.eu-west-1.on.aws",
        "123456789012.dkr-ecr.eu-west-1.on.amazonwebservices.com.cn",
    ] {
        assert_eq!(
            Reference::read(&format!("{host}/api:1")),
            ecr("123456789012", "eu-west-1", "api", Part::Tag("1")),
            "{host}"
        );
    }
}

#[test]
fn a_host_that_only_looks_like_a_private_registry_is_elsewhere() {
    for host in [
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.org",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com:8443",
        "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
        "public.ecr.aws",
        "ghcr.io",
        "localhost",
        "localhost:5000",
        "[::1]:5000",
        "REGISTRY",
    ] {
        let text = format!("{host}/api:1");
        let expected = Reference::Elsewhere { registry: host, by_digest: false };
        assert_eq!(Reference::read(&text), expected, "{host}");
    }
}

#[test]
fn a_digest_decides_a_tag_is_optional_and_names_nest() {
    let a = digest('a');
    let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    for (rest, repository, part) in [
        ("api".to_owned(), "api", Part::Tag("latest")),
        ("team/shop/api:v1.2_3-x".to_owned(), "team/shop/api", Part::Tag("v1.2_3-x")),
        (format!("api@{a}"), "api", Part::Digest(&a)),
        (format!("api:1@{a}"), "api", Part::Digest(&a)),
        ("docker-hub/library/nginx:1".to_owned(), "docker-hub/library/nginx", Part::Tag("1")),
    ] {
        let text = format!("{host}/{rest}");
        assert_eq!(
            Reference::read(&text),
            ecr("123456789012", "eu-west-1", repository, part),
            "{rest}"
        );
    }
}

#[test]
fn short_names_are_of_docker_hub() {
    let pinned = format!("nginx@{}", digest('a'));
    for (text, by_digest) in
        [("nginx", false), ("nginx:1", false), ("library/nginx:1", false), (&pinned, true)]
    {
        let expected = Reference::Elsewhere { registry: "docker.io", by_digest };
        assert_eq!(Reference::read(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_reference_is_unreadable() {
    let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let long = "a".repeat(300);
    let a = digest('a');
    for text in [
        String::new(),
        " ".to_owned(),
        ":".to_owned(),
        "@".to_owned(),
        "/".to_owned(),
        "nginx:".to_owned(),
        "nginx@".to_owned(),
        "nginx latest".to_owned(),
        "https://ghcr.io/api".to_owned(),
        "Nginx".to_owned(),
        "ghcr.io".to_owned() + "//api",
        "ghcr.io:99999/api".to_owned(),
        "${REGISTRY}/api".to_owned(),
        format!("{host}/"),
        format!("{host}/API:1"),
        format!("{host}/-api:1"),
        format!("{host}/a..b:1"),
        format!("{host}/api:-1"),
        format!("{host}/api:{long}"),
        format!("{host}/{long}:1"),
        format!("{long}.io/api"),
        format!("{host}/api@sha256:abc"),
        format!("{host}/api@{}", a.to_uppercase()),
        format!("{host}/api@sha512:{}", "a".repeat(128)),
        format!("{host}/api@{a}@{a}"),
        format!("{host}/äpi:1"),
    ] {
        assert_eq!(Reference::read(&text), Reference::Unreadable, "{text}");
    }
}

#[test]
fn only_whole_digests_are_asked_for() {
    assert!(is_sha256(&digest('0')));
    for wrong in ["", "sha256:", "sha256:abc", &digest('g'), &digest('A'), &digest('a')[7..]] {
        assert!(!is_sha256(wrong), "{wrong}");
    }
}
