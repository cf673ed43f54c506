mod details;
mod fixture;
mod sending;
