//! Tags of services and clusters. Services with the short ARN format cannot carry any.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecs;
use super::service_shape;
use crate::simulator::error::ApiError;
use crate::simulator::identity::Identity;

#[derive(Debug, Deserialize)]
pub(crate) struct Tag {
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListTagsForResource {
    resource_arn: String,
}

impl Ecs {
    pub(crate) fn tag_resource(&mut self, input: &TagResource) -> Result<Value, ApiError> {
        let tags = self.tags_of(&input.resource_arn)?;
        for tag in &input.tags {
            tags.insert(tag.key.clone(), tag.value.clone());
        }
        Ok(json!({}))
    }

    pub(crate) fn untag_resource(&mut self, input: &UntagResource) -> Result<Value, ApiError> {
        let tags = self.tags_of(&input.resource_arn)?;
        for key in &input.tag_keys {
            tags.remove(key);
        }
        Ok(json!({}))
    }

    pub(crate) fn list_tags_for_resource(
        &mut self,
        input: &ListTagsForResource,
    ) -> Result<Value, ApiError> {
        let tags = self.tags_of(&input.resource_arn)?;
        Ok(json!({ "tags": service_shape::tags(&*tags) }))
    }

    fn tags_of(&mut self, arn: &str) -> Result<&mut BTreeMap<String, String>, ApiError> {
        let parts: Vec<&str> = Identity::resource_part(arn).split('/').collect();
        match parts.as_slice() {
            ["service", cluster, name] => {
                let index = self.service_index(Some(cluster), name)?;
                let spec = &mut self.services[index].spec;
                if spec.short_arn {
                    return Err(short_arn());
                }
                Ok(&mut spec.tags)
            }
            ["service", _] => Err(short_arn()),
            ["cluster", name] => {
                let cluster = self.clusters.get_mut(*name).filter(|cluster| cluster.active);
                Ok(&mut cluster.ok_or_else(ApiError::cluster_not_found)?.tags)
            }
            _ => Err(ApiError::invalid_parameter("Invalid resource ARN.")),
        }
    }
}

fn short_arn() -> ApiError {
    ApiError::invalid_parameter(
        "Long arn format must be used for tagging operations on this resource.",
    )
}
