mod drift;
mod exists;
mod fixture;
mod kept;
mod lifecycle;
mod properties;
mod reference;
mod wants;
