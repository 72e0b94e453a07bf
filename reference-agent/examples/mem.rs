#[path = "../tests/it/feed/writer.rs"]
mod writer;
use rfq_reference_agent::feed::*;
fn hwm() -> String { std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmHWM")||l.starts_with("VmRSS")).collect::<Vec<_>>().join(" ") }
fn main() {
    let arg = std::env::args().nth(1).unwrap();
    if let Some(out) = std::env::args().nth(2) {
        let products: Vec<writer::Product> = (0..100_000).map(|n| writer::Product {
            id: format!("SKU-{n}"), slug: format!("some-category/a-product-with-a-longer-name-{n}"), title: format!("A product, with a longer name {n}"),
            brand: "Brand".into(), price_cents: 1000 + n, sale_cents: Some(900 + n), in_stock: true, quantity: Some(3), weight_grams: Some(500),
            price_breaks: vec![(10, 800 + n)], shipping: vec!["US::Ground:6.99 USD:0:1:2:5".into(), "US:AK:Air:19.99 USD".into()], handling: Some((0,1)), ..Default::default() }).collect();
        std::fs::write(out, writer::write(&arg, &products)).unwrap();
        return;
    }
    let t = std::time::Instant::now();
    let file = std::fs::File::open(&arg).unwrap();
    let loaded = load(file, None, &SlugMapping::default(), |_, _| {}).unwrap();
    println!("{arg} {} {} {:?} {}", loaded.format, loaded.report.accepted, t.elapsed(), hwm());
}
