//! What the cases stand on: processes, a Python environment, servers, and waiting.
//!
//! Knows how to start things and to be sure that they end; what is expected of them is in the
//! cases.

pub mod aws;
pub mod binary;
pub mod cli;
pub mod dynamodb;
pub mod http;
pub mod lossy;
pub mod moto;
pub mod node;
pub mod notice;
pub mod process;
pub mod promtool;
pub mod python;
pub mod queue;
pub mod reaper;
pub mod simulated;
pub mod wait;

use std::sync::OnceLock;

use dynamodb::{Dynalite, DynamoDb};
use moto::Moto;
use node::Node;
use python::Python;

/// What all cases of one run share. Made by the first case that needs it; dropping it ends it.
#[derive(Default)]
pub struct World {
    python: OnceLock<Result<Python, String>>,
    moto: OnceLock<Moto>,
    moto_dynamodb: OnceLock<DynamoDb>,
    dynalite: OnceLock<Dynalite>,
}

impl World {
    /// The Python environment with moto and the AWS CLI.
    pub fn python(&self) -> &Python {
        let python = self.python.get_or_init(Python::provide);
        python.as_ref().unwrap_or_else(|why| panic!("no Python environment: {why}"))
    }

    /// The one moto server.
    pub fn moto(&self) -> &Moto {
        self.moto.get_or_init(|| Moto::start(self.python()))
    }

    /// What moto has of DynamoDB.
    pub fn moto_dynamodb(&self) -> &DynamoDb {
        self.moto_dynamodb.get_or_init(|| DynamoDb::at(self.moto().address))
    }

    /// The one dynalite server.
    pub fn dynalite(&self) -> &Dynalite {
        self.dynalite.get_or_init(|| {
            let node = Node::provide().unwrap_or_else(|why| panic!("no packages of node: {why}"));
            Dynalite::start(&node)
        })
    }
}
