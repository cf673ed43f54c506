mod details;
mod fixture;
