//! What is of `WooCommerce`'s export alone.

use insta::assert_snapshot;

use super::{loaded, read};

const HEADER: &str =
    "ID,Type,SKU,Name,Published,Parent,In stock?,Stock,Regular price,Weight (kg),product_slug\n";

#[test]
fn a_variation_is_completed_by_the_parent_that_it_names_alone() {
    let feed = format!(
        "{HEADER}\
         ,variable,,Nameless,1,,1,7,,9,\n\
         1,variable,P,Named,1,,1,5,,2,\n\
         ,variation,V-1,,1,,1,parent,10.00,,a/one\n\
         ,variation,V-2,,1,id:,1,parent,10.00,,a/two\n\
         ,variation,V-3,,1,id:1,1,parent,10.00,,a/three\n\
         ,variation,V-4,,1,P,1,3,10.00,,a/four\n"
    );
    let loaded = loaded(feed).unwrap();
    let mut served: Vec<String> = loaded
        .catalogue
        .iter()
        .map(|product| format!("{} {} {:?}", product.id, product.title, product.on_hand))
        .collect();
    served.sort();
    assert_snapshot!(served.join("\n"), @"
    V-3 Named Some(5)
    V-4 Named Some(3)
    ");
    let rejected = loaded.report.rejected.kept().iter();
    let rejected: Vec<String> =
        rejected.map(|row| format!("{} {}: {}", row.id, row.field, row.reason)).collect();
    assert_snapshot!(rejected.join("\n"), @"
    V-1 Parent: empty; expected the SKU of the variation's parent, or its ID as in id:12
    V-2 Parent: there is no such variable product in the rows above; export it with its variations, as it says whether they are published
    ");
}

#[test]
fn the_apostrophe_before_what_a_spreadsheet_would_calculate_is_none_of_the_value() {
    let feed = format!(
        "{HEADER}1,simple,'-A1,'+One's,1,,1,'-3,10.00,,a/one\n\
         2,simple,'@home,'quoted',1,,1,,10.00,,a/two\n\
         3,simple,'=3,'==,1,,1,,10.00,,a/three\n"
    );
    let (catalogue, report) = read(feed);
    assert_eq!(report.rejected.kept(), []);
    let mut read: Vec<String> = catalogue
        .iter()
        .map(|product| format!("{} {} {:?}", product.id, product.title, product.on_hand))
        .collect();
    read.sort();
    assert_snapshot!(read.join("\n"), @"
    -A1 +One's Some(0)
    =3 == None
    @home 'quoted' None
    ");
}

#[test]
fn a_variation_whose_parent_is_not_in_the_feed_is_rejected() {
    let feed = format!(
        "{HEADER}\
         1,variable,P,Parent,1,,1,,,2,\n\
         2,variation,V-1,,1,id:99,1,3,10.00,,a/one\n\
         3,variation,V-2,,1,P,1,3,10.00,,a/two\n"
    );
    let (catalogue, report) = read(feed);
    assert_eq!(catalogue.len(), 1);
    let rejected = &report.rejected.kept()[0];
    assert_snapshot!(format!("{} {} {}: {}", rejected.id, rejected.field, rejected.value, rejected.reason), @"V-1 Parent id:99: there is no such variable product in the rows above; export it with its variations, as it says whether they are published");
}

#[test]
fn variations_that_share_a_stock_are_counted() {
    let of_parent = |stock: &str| {
        let feed = format!(
            "{HEADER}\
             1,variable,P,Parent,1,,1,{stock},,2,\n\
             2,variation,V-1,,1,P,1,parent,10.00,,a/one\n\
             3,variation,V-2,,1,P,1,parent,10.00,,a/two\n\
             4,variation,V-3,,1,P,1,3,10.00,,a/three\n"
        );
        read(feed).1.sharing_stock
    };
    assert_eq!(of_parent("5"), 2);
    assert_eq!(of_parent(""), 0, "what is not counted cannot run out");
}

#[test]
fn a_product_without_sku_goes_by_its_number() {
    let feed = format!("{HEADER}8,simple,,Eight,1,,1,3,10.00,,a/eight\n");
    let (catalogue, _) = read(feed);
    assert_eq!(&*catalogue.iter().next().unwrap().id, "id:8");
}
