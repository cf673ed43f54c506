//! Amazon EC2: the one call that is made of it.
//!
//! The SDK's crate for EC2 is larger than all others together. So the request is written and the answer
//! read here, and what lies between is the SDK's own: signing, connections, timeouts and retries.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::{
    Operation as Machinery, OperationBuilder,
};
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use roxmltree::{Document, Node, ParsingOptions};

use super::attempt::Attempts;
use super::operation::Operation;

/// The version of the API.
const VERSION: &str = "2016-11-15";

/// The longest answer that is read: for as many subnets as one call is about it is some hundred
/// kilobytes, tags included.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// The most elements and texts in it.
const ANSWER_NODES_MAX: u32 = 200_000;

/// An error of EC2, or an answer that is not EC2's, which has no code.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Ec2Error(ErrorMetadata);

impl ProvideErrorMetadata for Ec2Error {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// Free addresses by the ids of subnets.
pub(super) type FreeAddresses = BTreeMap<String, u32>;

/// Asks for subnets by their ids. One that is not there fails the whole call.
pub(super) async fn describe_subnets(
    sdk: &SdkConfig,
    ids: &[&str],
    attempts: Attempts<Ec2Error>,
) -> Result<FreeAddresses, SdkError<Ec2Error, HttpResponse>> {
    let Some(http_client) = sdk.http_client() else {
        return Err(SdkError::construction_failure("there is nothing to carry requests"));
    };
    let machinery = configured(sdk, Machinery::builder().http_client(http_client))
        .operation_name(Operation::DescribeSubnets.name())
        .interceptor(attempts)
        .serializer(request)
        .deserializer(|response| {
            read(response, subnets).map_err(|error| OrchestratorError::operation(Ec2Error(error)))
        })
        .build();
    machinery.invoke(form(ids)).await
}

fn form(ids: &[&str]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", Operation::DescribeSubnets.name()).append_pair("Version", VERSION);
    for (index, id) in ids.iter().enumerate() {
        form.append_pair(&format!("SubnetId.{}", index + 1), id);
    }
    form.finish()
}

/// What the SDK's own clients take from the configuration.
fn configured(sdk: &SdkConfig, builder: OperationBuilder) -> OperationBuilder {
    let retries = sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let timeouts = sdk.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
    let mut builder = builder
        .service_name("EC2")
        .behavior_version(sdk.behavior_version().unwrap_or_else(BehaviorVersion::latest))
        .endpoint_url(&endpoint(sdk))
        .standard_retry(&retries)
        .retry_classifier(TransientErrorClassifier::<Ec2Error>::new())
        .retry_classifier(AwsErrorCodeClassifier::<Ec2Error>::new())
        .retry_classifier(HttpStatusCodeClassifier::default())
        .timeout_config(timeouts)
        .with_connection_poisoning()
        .runtime_plugin(signing(sdk));
    if let Some(sleep) = sdk.sleep_impl() {
        builder = builder.sleep_impl(sleep);
    }
    if let Some(time) = sdk.time_source() {
        builder = builder.time_source(time);
    }
    builder
}

/// Signs every attempt, with the credentials that the SDK's clients share.
fn signing(sdk: &SdkConfig) -> StaticRuntimePlugin {
    let mut layer = Layer::new("signing");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: sdk.region().cloned().map(Into::into),
        name: Some("ec2".into()),
        ..SigV4OperationSigningConfig::default()
    });
    let mut components = RuntimeComponentsBuilder::new("signing");
    let scheme = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    components.set_auth_scheme_option_resolver(Some(scheme));
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    if let Some(credentials) = sdk.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    if sdk.identity_cache().is_some() {
        components.set_identity_cache(sdk.identity_cache());
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

/// Where EC2 is (Amazon EC2 API reference, Service endpoints).
fn endpoint(sdk: &SdkConfig) -> String {
    if let Some(url) = sdk.endpoint_url() {
        return url.to_owned();
    }
    let region = sdk.region().map(AsRef::as_ref).unwrap_or_default();
    let is = |setting: Option<bool>| setting == Some(true);
    host(region, is(sdk.use_fips()), is(sdk.use_dual_stack()))
}

fn host(region: &str, fips: bool, dual_stack: bool) -> String {
    let in_partition = |prefix: &str| region.starts_with(prefix);
    let (plain, dual) = match region {
        _ if in_partition("cn-") => ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        _ if in_partition("eusc-") => ("amazonaws.eu", "api.amazonwebservices.eu"),
        _ if in_partition("us-isob-") => ("sc2s.sgov.gov", "api.aws.scloud"),
        _ if in_partition("us-iso-") => ("c2s.ic.gov", "api.aws.ic.gov"),
        _ => ("amazonaws.com", "api.aws"),
    };
    // What GovCloud has fulfils FIPS without saying so.
    let name = if fips && !in_partition("us-gov-") { "ec2-fips" } else { "ec2" };
    format!("https://{name}.{region}.{}", if dual_stack { dual } else { plain })
}

fn request(form: String) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(form));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.insert("content-type", "application/x-www-form-urlencoded");
    headers.insert("user-agent", concat!("ecs-refresh/", env!("CARGO_PKG_VERSION")));
    Ok(request)
}

/// What an answer says, or which error it is; one without a code where it is not EC2's.
fn read<T>(
    response: &HttpResponse,
    output: impl Fn(&Document<'_>) -> Option<T>,
) -> Result<T, ErrorMetadata> {
    let foreign = || ErrorMetadata::builder().build();
    let bytes = response.body().bytes().filter(|bytes| bytes.len() <= ANSWER_BYTES_MAX);
    let text = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or_else(foreign)?;
    let options = ParsingOptions { nodes_limit: ANSWER_NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|_| foreign())?;
    if response.status().is_success() {
        return output(&document).ok_or_else(foreign);
    }
    let error = document.descendants().find(|node| is(node, "Error")).ok_or_else(foreign)?;
    let mut found = ErrorMetadata::builder();
    if let Some(code) = text_of(error, "Code") {
        found = found.code(code);
    }
    if let Some(message) = text_of(error, "Message") {
        found = found.message(message);
    }
    Err(found.build())
}

/// The subnets of an answer to DescribeSubnets; none where it is not one.
fn subnets(document: &Document<'_>) -> Option<FreeAddresses> {
    let set = document.root_element().children().find(|node| is(node, "subnetSet"))?;
    let items = set.children().filter(|node| is(node, "item"));
    let subnet = |item: Node<'_, '_>| {
        let free = text_of(item, "availableIpAddressCount")?.parse().ok()?;
        Some((text_of(item, "subnetId")?.to_owned(), free))
    };
    Some(items.filter_map(subnet).collect())
}

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn text_of<'a>(node: Node<'a, '_>, child: &str) -> Option<&'a str> {
    node.children().find(|node| is(node, child))?.text().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_its_own_hosts() {
        for (region, fips, dual_stack, expected) in [
            ("eu-west-1", false, false, "https://ec2.eu-west-1.amazonaws.com"),
            ("us-east-1", true, false, "https://ec2-fips.us-east-1.amazonaws.com"),
            ("us-east-1", false, true, "https://ec2.us-east-1.api.aws"),
            ("us-gov-west-1", true, false, "https://ec2.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", false, false, "https://ec2.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", false, false, "https://ec2.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", false, false, "https://ec2.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", false, false, "https://ec2.us-isob-east-1.sc2s.sgov.gov"),
        ] {
            assert_eq!(host(region, fips, dual_stack), expected);
        }
    }

    #[test]
    fn another_endpoint_is_honoured() {
        let sdk = SdkConfig::builder().endpoint_url("http://127.0.0.1:4566").build();
        assert_eq!(endpoint(&sdk), "http://127.0.0.1:4566");
    }
}
