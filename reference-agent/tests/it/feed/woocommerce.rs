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
    V-2 Stock: expected a whole number of units
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
