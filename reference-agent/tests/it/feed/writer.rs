//! Writes a list of products as each kind of shop would.

use std::fmt::Write as _;

/// A product, as far as a feed can say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Product {
    pub(crate) id: String,
    /// The marketplace's name; empty if the feed does not say.
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) brand: String,
    pub(crate) gtin: String,
    pub(crate) mpn: String,
    pub(crate) price_cents: u64,
    pub(crate) sale_cents: Option<u64>,
    /// The first and the last day of the sale, as `2026-11-24`. Shopify and the variants of ACP have
    /// no such thing.
    pub(crate) sale_days: Option<(String, String)>,
    pub(crate) in_stock: bool,
    /// `None` is not counted.
    pub(crate) quantity: Option<u32>,
    pub(crate) weight_grams: Option<u32>,
    /// From so many units on, each costs so many cents.
    pub(crate) price_breaks: Vec<(u32, u64)>,
    pub(crate) floor_cents: Option<u64>,
    pub(crate) min_order: Option<u32>,
    pub(crate) max_order: Option<u32>,
    pub(crate) increment: Option<u32>,
    /// Each as `US:CA:Ground:6.99 USD:0:1:2:3`.
    pub(crate) shipping: Vec<String>,
    /// Business days, fewest and most.
    pub(crate) handling: Option<(u16, u16)>,
}

/// Every layout that can be written, and the name of its format.
pub(crate) const LAYOUTS: [(&str, &str); 9] = [
    ("google-tsv", "google-tsv"),
    ("google-csv", "google-csv"),
    ("google-rss", "google-xml"),
    ("google-atom", "google-xml"),
    ("acp-variants", "acp-jsonl"),
    ("acp-flat", "acp-jsonl"),
    ("shopify-old", "shopify-csv"),
    ("shopify-new", "shopify-csv"),
    ("woocommerce", "woocommerce-csv"),
];

/// The products in one of the [`LAYOUTS`].
pub(crate) fn write(layout: &str, products: &[Product]) -> String {
    match layout {
        "google-tsv" => table('\t', products, google),
        "google-csv" => table(',', products, google),
        "google-rss" => xml(
            "<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\"><channel><title>Shop</title>\n",
            "item",
            products,
            "</channel></rss>\n",
        ),
        "google-atom" => xml(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:g=\"http://base.google.com/ns/1.0\">\n",
            "entry",
            products,
            "</feed>\n",
        ),
        "acp-variants" => {
            let lines = products.iter().map(|product| variants(product) + "\n");
            format!(
                "{{\"feed_id\":\"feed_1\",\"target_country\":\"US\"}}\n{}",
                lines.collect::<String>()
            )
        }
        "acp-flat" => products.iter().map(|product| flat(product) + "\n").collect(),
        "shopify-old" => table(',', products, |product| shopify(product, false)),
        "shopify-new" => table(',', products, |product| shopify(product, true)),
        "woocommerce" => table(',', products, woocommerce),
        other => unreachable!("no layout is called {other}"),
    }
}

type Cells = Vec<(&'static str, String)>;

fn dollars(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn usd(cents: u64) -> String {
    dollars(cents) + " USD"
}

fn any<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Our own columns, and what all tables have alike.
fn ours(product: &Product) -> Cells {
    let breaks: Vec<String> = product
        .price_breaks
        .iter()
        .map(|(from, cents)| format!("{from}:{}", usd(*cents)))
        .collect();
    vec![
        ("product_slug", product.slug.clone()),
        ("price_breaks", breaks.join(",")),
        ("auto_pricing_min_price", product.floor_cents.map(usd).unwrap_or_default()),
        ("min_order_quantity", any(product.min_order)),
        ("max_order_quantity", any(product.max_order)),
        ("order_increment", any(product.increment)),
        ("shipping", product.shipping.join(",")),
        ("min_handling_time", any(product.handling.map(|(min, _)| min))),
        ("max_handling_time", any(product.handling.map(|(_, max)| max))),
    ]
}

fn google(product: &Product) -> Cells {
    let days = product.sale_days.as_ref();
    let mut cells = vec![
        ("id", product.id.clone()),
        ("title", product.title.clone()),
        ("description", format!("About {}", product.id)),
        ("price", usd(product.price_cents)),
        ("sale_price", product.sale_cents.map(usd).unwrap_or_default()),
        (
            "sale_price_effective_date",
            days.map(|(first, last)| format!("{first}/{last}")).unwrap_or_default(),
        ),
        ("availability", if product.in_stock { "in_stock" } else { "out_of_stock" }.into()),
        ("quantity", any(product.quantity)),
        ("brand", product.brand.clone()),
        ("gtin", product.gtin.clone()),
        ("mpn", product.mpn.clone()),
        ("shipping_weight", product.weight_grams.map(|g| format!("{g} g")).unwrap_or_default()),
    ];
    cells.extend(ours(product));
    cells
}

fn shopify(product: &Product, is_new: bool) -> Cells {
    let name = |old, new| if is_new { new } else { old };
    let (price, compare_at) = match product.sale_cents {
        Some(sale) => (sale, dollars(product.price_cents)),
        None => (product.price_cents, String::new()),
    };
    let status = if product.in_stock { "active" } else { "draft" };
    let mut cells = vec![
        (name("Handle", "URL handle"), product.id.to_lowercase()),
        ("Title", product.title.clone()),
        ("Vendor", product.brand.clone()),
        (name("Published", "Published on online store"), "TRUE".into()),
        (name("Variant SKU", "SKU"), product.id.clone()),
        (name("Variant Grams", "Weight value (grams)"), any(product.weight_grams)),
        (
            name("Variant Inventory Tracker", "Inventory tracker"),
            if product.quantity.is_some() { "shopify" } else { "" }.into(),
        ),
        (
            name("Variant Inventory Qty", "Inventory quantity"),
            product.quantity.unwrap_or(0).to_string(),
        ),
        (
            name("Variant Inventory Policy", "Continue selling when out of stock"),
            name("deny", "DENY").into(),
        ),
        (name("Variant Price", "Price"), dollars(price)),
        (name("Variant Compare At Price", "Compare-at price"), compare_at),
        (name("Variant Barcode", "Barcode"), product.gtin.clone()),
        ("Google Shopping / MPN", product.mpn.clone()),
        ("Status", name(status, if product.in_stock { "Active" } else { "Draft" }).into()),
    ];
    cells.extend(ours(product));
    cells
}

fn woocommerce(product: &Product) -> Cells {
    let days = product.sale_days.as_ref();
    let mut cells = vec![
        ("ID", "7".into()),
        ("Type", "simple".into()),
        ("SKU", product.id.clone()),
        ("GTIN, UPC, EAN, or ISBN", product.gtin.clone()),
        ("Name", product.title.clone()),
        ("Published", "1".into()),
        ("Date sale price starts", days.map(|(first, _)| first.clone()).unwrap_or_default()),
        ("Date sale price ends", days.map(|(_, last)| last.clone()).unwrap_or_default()),
        ("In stock?", u8::from(product.in_stock).to_string()),
        ("Stock", any(product.quantity)),
        (
            "Weight (kg)",
            product
                .weight_grams
                .map(|grams| format!("{}.{:03}", grams / 1000, grams % 1000))
                .unwrap_or_default(),
        ),
        ("Sale price", product.sale_cents.map(dollars).unwrap_or_default()),
        ("Regular price", dollars(product.price_cents)),
        ("Brands", product.brand.clone()),
        ("MPN", product.mpn.clone()),
    ];
    cells.extend(ours(product));
    let is_formula = |text: &str| text.starts_with(['=', '+', '-', '@']);
    let guarded = |text: String| if is_formula(&text) { format!("'{text}") } else { text };
    cells.into_iter().map(|(name, text)| (name, guarded(text))).collect()
}

fn table(separator: char, products: &[Product], cells: impl Fn(&Product) -> Cells) -> String {
    let cell = |text: &str| {
        let must_quote = match separator {
            '\t' => text.starts_with('"'),
            _ => text.contains([',', '"', '\n', '\r']),
        };
        match (must_quote, separator) {
            (false, _) => text.to_owned(),
            (true, '\t') => format!("\"{text}\""),
            (true, _) => format!("\"{}\"", text.replace('"', "\"\"")),
        }
    };
    let line = |cells: Vec<String>| cells.join(&separator.to_string()) + "\n";
    let header = cells(&Product::default()).iter().map(|(name, _)| cell(name)).collect();
    let mut out = line(header);
    for product in products {
        out += &line(cells(product).iter().map(|(_, value)| cell(value)).collect());
    }
    out
}

fn xml(head: &str, element: &str, products: &[Product], tail: &str) -> String {
    let text = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{head}");
    for product in products {
        let _ = writeln!(out, "<{element}>");
        for (name, value) in google(product) {
            if !value.is_empty() && name != "shipping" {
                let _ = writeln!(out, "<g:{name}>{}</g:{name}>", text(&value));
            }
        }
        for entry in &product.shipping {
            const PARTS: [&str; 8] = [
                "country",
                "region",
                "service",
                "price",
                "min_handling_time",
                "max_handling_time",
                "min_transit_time",
                "max_transit_time",
            ];
            let parts = PARTS.iter().zip(entry.split(':')).filter(|(_, part)| !part.is_empty());
            let parts = parts.map(|(name, part)| format!("<g:{name}>{part}</g:{name}>"));
            let _ = writeln!(out, "<g:shipping>{}</g:shipping>", parts.collect::<String>());
        }
        let _ = writeln!(out, "</{element}>");
    }
    out + tail
}

fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if u32::from(letter) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out + "\""
}

fn object(entries: &[(&str, String)]) -> String {
    let entries = entries.iter().filter(|(_, json)| json != "\"\"");
    let entries: Vec<String> =
        entries.map(|(key, json)| format!("{}:{json}", json_text(key))).collect();
    format!("{{{}}}", entries.join(","))
}

fn flat(product: &Product) -> String {
    let name = |name| match name {
        "id" => "item_id",
        "quantity" => "inventory_quantity",
        name => name,
    };
    let entries: Vec<(&str, String)> = google(product)
        .into_iter()
        .map(|(key, text)| match (key, text.is_empty()) {
            ("quantity", false) => (name(key), text),
            _ => (name(key), json_text(&text)),
        })
        .collect();
    object(&entries)
}

fn variants(product: &Product) -> String {
    let price = |cents: u64| format!("{{\"amount\":{cents},\"currency\":\"USD\"}}");
    let status = if product.in_stock { "in_stock" } else { "out_of_stock" };
    let mut entries = vec![
        ("id", json_text(&product.id)),
        ("title", json_text(&product.title)),
        ("price", price(product.sale_cents.unwrap_or(product.price_cents))),
        ("availability", format!("{{\"available\":{},\"status\":\"{status}\"}}", product.in_stock)),
        ("brand", json_text(&product.brand)),
        ("mpn", json_text(&product.mpn)),
    ];
    if product.sale_cents.is_some() {
        entries.push(("list_price", price(product.price_cents)));
    }
    if !product.gtin.is_empty() {
        let value = json_text(&product.gtin);
        entries.push(("barcodes", format!("[{{\"type\":\"GTIN\",\"value\":{value}}}]")));
    }
    if let Some(quantity) = product.quantity {
        entries.push(("quantity", quantity.to_string()));
    }
    if let Some(grams) = product.weight_grams {
        entries.push(("shipping_weight", json_text(&format!("{grams} g"))));
    }
    entries.extend(ours(product).into_iter().map(|(key, text)| (key, json_text(&text))));
    let variant = object(&entries);
    let id = json_text(&format!("group of {}", product.id));
    format!("{{\"id\":{id},\"title\":\"Group\",\"variants\":[{variant}]}}")
}
