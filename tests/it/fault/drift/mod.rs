//! Objects in shapes that Stripe does not have today: what is known of them is imported, what cannot be imported fails alone and says
//! why, and all of it is as it should be once Stripe gives them in the old shape again.

mod case;
mod customer;
mod invoice;
mod lists;
mod price;
mod product;
mod subscription;
