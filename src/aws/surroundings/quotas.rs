//! GetServiceQuota and GetMetricData: how many vCPUs Fargate gives, and how many are in use.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types as metric;
use aws_sdk_servicequotas::types as quota;
use chrono::TimeDelta;

use super::pass::{Answer, Asker, Fault, Pass};
use crate::aws::client::Ecs;
use crate::aws::error::unusable;
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::Problem;
use crate::plan::surroundings::{FargateQuota, Known, Market};

/// Who has the quotas.
const SERVICE: &str = "fargate";

/// Usage is looked for so far back. It is published every few minutes.
const USAGE_AGE_MAX: TimeDelta = TimeDelta::minutes(15);

/// One value for each minute.
const PERIOD_SECONDS: i32 = 60;

/// The quota of a market (Amazon ECS developer guide, AWS Fargate service quotas).
fn quota_code(market: Market) -> &'static str {
    match market {
        Market::OnDemand => "L-3032A538",
        Market::Spot => "L-36FBB829",
    }
}

/// Where CloudWatch has the usage of a market (Amazon ECS developer guide, AWS Fargate usage metrics).
fn usage_metric(market: Market) -> metric::Metric {
    let class = match market {
        Market::OnDemand => "Standard/OnDemand",
        Market::Spot => "Standard/Spot",
    };
    let dimensions =
        [("Service", "Fargate"), ("Type", "Resource"), ("Resource", "vCPU"), ("Class", class)];
    let dimensions = dimensions.map(|(name, value)| dimension(name, value));
    let metric = metric::Metric::builder().namespace("AWS/Usage").metric_name("ResourceCount");
    metric.set_dimensions(Some(dimensions.to_vec())).build()
}

/// Where the quota says that CloudWatch has its usage.
fn stated_metric(stated: &quota::MetricInfo) -> Option<metric::Metric> {
    let mut dimensions: Vec<_> = stated.metric_dimensions()?.iter().collect();
    dimensions.sort();
    let dimensions = dimensions.into_iter().map(|(name, value)| dimension(name, value)).collect();
    let metric = metric::Metric::builder()
        .namespace(stated.metric_namespace()?)
        .metric_name(stated.metric_name()?);
    Some(metric.set_dimensions(Some(dimensions)).build())
}

fn dimension(name: &str, value: &str) -> metric::Dimension {
    metric::Dimension::builder().name(name).value(value).build()
}

/// Reads quotas, and what is used of them; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Quotas {
    quotas: aws_sdk_servicequotas::Client,
    metrics: aws_sdk_cloudwatch::Client,
    asker: Asker,
}

impl Quotas {
    pub(super) fn new(ecs: &Ecs, metrics: aws_sdk_cloudwatch::Client) -> Self {
        let quotas = aws_sdk_servicequotas::Client::new(ecs.sdk());
        Self { quotas, metrics, asker: Asker::new(ecs) }
    }

    /// GetServiceQuota knows no resources: whoever may not read one may read none.
    pub(super) async fn read(
        &self,
        markets: &[Market],
        pass: Pass,
    ) -> BTreeMap<Market, Known<FargateQuota>> {
        let (mut read, mut denied) = (BTreeMap::new(), None::<Fault>);
        for market in markets {
            let Answer { at, result } = match &denied {
                Some(fault) => Answer { at: self.asker.now(), result: Err(fault.clone()) },
                None => self.quota(*market, pass).await,
            };
            denied = result.as_ref().err().filter(|fault| fault.is_denied()).cloned();
            let value = match result {
                Ok((vcpus, metric)) => {
                    Ok(FargateQuota { vcpus, used_vcpus: self.usage(metric, at, pass).await })
                }
                Err(fault) => Err(fault.problem),
            };
            read.insert(*market, Known { read_at: at, value });
        }
        read
    }

    async fn quota(&self, market: Market, pass: Pass) -> Answer<(f64, metric::Metric)> {
        let operation = Operation::GetServiceQuota;
        let answer = self.asker.ask(operation, pass, |attempts| {
            self.quotas
                .get_service_quota()
                .service_code(SERVICE)
                .quota_code(quota_code(market))
                .customize()
                .interceptor(attempts)
                .send()
        });
        let Answer { at, result } = answer.await;
        let quota = result.and_then(|output| {
            let quota = output.quota();
            let vcpus = quota.and_then(quota::ServiceQuota::value).filter(|vcpus| *vcpus >= 0.0);
            let silent =
                || unusable(operation, at, "the answer does not say how large the quota is");
            let stated = quota.and_then(quota::ServiceQuota::usage_metric).and_then(stated_metric);
            let metric = stated.unwrap_or_else(|| usage_metric(market));
            vcpus.map(|vcpus| (vcpus, metric)).ok_or_else(|| silent().into())
        });
        Answer { at, result: quota }
    }

    /// What was last seen to be in use. Whatever keeps it from being known does not spoil the rest.
    async fn usage(
        &self,
        metric: metric::Metric,
        now: Time,
        pass: Pass,
    ) -> Result<Option<f64>, Problem> {
        let stat = metric::MetricStat::builder().metric(metric).period(PERIOD_SECONDS);
        let query = metric::MetricDataQuery::builder()
            .id("used")
            .metric_stat(stat.stat("Maximum").build())
            .build();
        let time =
            |time: Time| aws_sdk_cloudwatch::primitives::DateTime::from_secs(time.timestamp());
        let answer = self.asker.ask(Operation::GetMetricData, pass, |attempts| {
            self.metrics
                .get_metric_data()
                .metric_data_queries(query)
                .start_time(time(now - USAGE_AGE_MAX))
                .end_time(time(now))
                .scan_by(metric::ScanBy::TimestampDescending)
                .customize()
                .interceptor(attempts)
                .send()
        });
        let output = answer.await.result.map_err(|fault| fault.problem)?;
        let newest =
            output.metric_data_results().iter().find_map(|of| of.values().first().copied());
        Ok(newest.filter(|used| used.is_finite() && *used >= 0.0))
    }
}
