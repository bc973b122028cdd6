//! Real test servers, workloads and oracles. Never linked into the product.
