//! Under which condition an item is written.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Attribute, ItemKey};

/// What must be there for a write to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// No item of this key.
    Absent,
    /// An item with these attributes, or without them where there is no value. At least one.
    Has(Vec<(&'static str, Option<Attribute>)>),
    /// No item, or one whose attribute is a number not greater than this.
    AtMost(&'static str, i64),
}

/// A condition as DynamoDB takes it. Names stand for themselves nowhere: many words are reserved.
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) names: HashMap<String, String>,
    /// None: there may be no empty set of them.
    pub(super) values: Option<HashMap<String, AttributeValue>>,
}

impl Condition {
    pub(super) fn expression(&self) -> Expression {
        let mut names = HashMap::from([("#pk".to_owned(), ItemKey::PK.to_owned())]);
        let mut values = HashMap::new();
        let text = match self {
            Self::Absent => "attribute_not_exists(#pk)".to_owned(),
            Self::AtMost(name, most) => {
                names.insert("#n".to_owned(), (*name).to_owned());
                values.insert(":n".to_owned(), Attribute::Number(*most).to_sdk());
                "attribute_not_exists(#pk) OR #n <= :n".to_owned()
            }
            Self::Has(attributes) => {
                let mut terms = vec!["attribute_exists(#pk)".to_owned()];
                for (number, (name, value)) in attributes.iter().enumerate() {
                    names.insert(format!("#a{number}"), (*name).to_owned());
                    terms.push(match value {
                        Some(value) => {
                            values.insert(format!(":a{number}"), value.to_sdk());
                            format!("#a{number} = :a{number}")
                        }
                        None => format!("attribute_not_exists(#a{number})"),
                    });
                }
                terms.join(" AND ")
            }
        };
        Expression { text, names, values: Some(values).filter(|values| !values.is_empty()) }
    }
}
