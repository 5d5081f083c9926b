//! What Stripe tells: whether it is Stripe, and what it means for a subscription.

mod event;
mod signature;

pub(crate) use self::{
    event::{OtherMode, read},
    signature::Signatures,
};
