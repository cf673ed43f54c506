use super::*;
use crate::plan::surroundings::Subnet;

const SUBNETS: &str = "DescribeSubnets";

fn id(number: usize) -> Arc<str> {
    format!("subnet-{number:04}").into()
}

fn wants(numbers: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Want> {
    numbers.into_iter().map(|number| Want::Subnet(id(number)))
}

/// The subnets that a call is about.
fn asked_ids(call: &Call) -> Vec<String> {
    let members = call.body.as_object().unwrap().iter();
    let of = members.filter(|(name, _)| name.starts_with("SubnetId."));
    of.map(|(_, id)| id.as_str().unwrap().to_owned()).collect()
}

fn described(ids: &[String]) -> Reply {
    let item = |id: &String| {
        format!(
            "<item><subnetId>{id}</subnetId><state>available</state>\
             <availableIpAddressCount>251</availableIpAddressCount><tagSet/></item>"
        )
    };
    let items: String = ids.iter().map(item).collect();
    Reply::Xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeSubnetsResponse \
             xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>1</requestId>\
             <subnetSet>{items}</subnetSet></DescribeSubnetsResponse>"
        ),
    )
}

fn error(status: u16, code: &str) -> Reply {
    Reply::Xml(
        status,
        format!(
            "<?xml version=\"1.0\"?><Response><Errors><Error><Code>{code}</Code><Message>{code} \
             it is</Message></Error></Errors><RequestID>1</RequestID></Response>"
        ),
    )
}

fn without(missing: &'static [usize]) -> FakeAws {
    FakeAws::new(move |call| {
        let asked = asked_ids(call);
        match missing.iter().any(|number| asked.contains(&id(*number).to_string())) {
            true => error(400, "InvalidSubnetID.NotFound"),
            false => described(&asked),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn subnets_are_read_by_signed_forms_of_two_hundred() {
    let aws = without(&[]);
    let (ecs, metrics) = aws.connect_at(1.0).await;
    let read = pass(&Surveyor::new(ecs), wants(0..450)).await;
    let free = Subnet { free_addresses: 251 };
    assert!(read.subnets.values().all(|known| known.value == Ok(free)));
    let calls = aws.take_calls();
    let sizes: Vec<_> = calls.iter().map(|call| asked_ids(call).len()).collect();
    assert_eq!(sizes, [200, 200, 50]);
    for call in &calls {
        assert_eq!([call.text("Action"), call.text("Version")], [SUBNETS, "2016-11-15"]);
        assert_eq!(call.text("SubnetId.1").len(), "subnet-0000".len());
        assert_eq!(call.uri, "https://ec2.eu-west-1.amazonaws.com/");
        let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20270115/eu-west-1/ec2/aws4_request";
        assert!(call.authorization.starts_with(scope), "{}", call.authorization);
    }
    let counted = "aws_requests_total{class=\"ok\",operation=\"DescribeSubnets\"} 3";
    assert!(metrics.render().contains(counted));
}

#[tokio::test(start_paused = true)]
async fn a_subnet_that_is_missing_costs_the_others_nothing() {
    let aws = without(&[5]);
    let read = read(&aws, wants(0..8)).await;
    let mut expected = vec![None; 8];
    expected[5] = Some(ProblemClass::NotFound);
    assert_eq!(classes(&read.subnets), expected);
    // 8, 4 and 4, 2 and 2, 1 and 1.
    assert_eq!(aws.take_counts([SUBNETS]), [7]);
    let told = read.subnets[&id(5)].value.as_ref().unwrap_err().to_string();
    let says = "DescribeSubnets: InvalidSubnetID.NotFound: InvalidSubnetID.NotFound it is";
    assert_eq!(told, says);
}

#[tokio::test(start_paused = true)]
async fn what_ec2_refuses_is_told_by_its_codes() {
    for (status, code, class, calls) in [
        (403, "UnauthorizedOperation", ProblemClass::Denied, 1),
        (401, "AuthFailure", ProblemClass::Credentials, 2),
        (400, "InvalidSubnetID.Malformed", ProblemClass::Invalid, 400),
        (503, "RequestLimitExceeded", ProblemClass::Throttled, 6),
        (500, "InternalError", ProblemClass::Server, 6),
        (503, "Unavailable", ProblemClass::Server, 6),
    ] {
        let aws = FakeAws::new(move |_| error(status, code)).slow(Duration::from_millis(1));
        let read = read(&aws, wants(0..201)).await;
        assert_eq!(classes(&read.subnets), vec![Some(class); 201], "{code}");
        assert_eq!(aws.take_counts([SUBNETS]), [calls], "{code}");
    }
    let aws = FakeAws::new(|_| error(403, "UnauthorizedOperation"));
    let read = read(&aws, wants([1])).await;
    let told = read.subnets[&id(1)].value.as_ref().unwrap_err().to_string();
    assert!(told.ends_with("allow the IAM action ec2:DescribeSubnets"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_not_ec2s_are_problems_of_their_own() {
    let foreign = "is not one of the EC2 API";
    let silent = "the answer says nothing about the subnet";
    let uncounted = "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-0001</subnetId>\
                     <availableIpAddressCount>many</availableIpAddressCount></item></subnetSet>\
                     </DescribeSubnetsResponse>";
    let laughs = "<!DOCTYPE a [<!ENTITY b \"cc\">]><a>&b;</a>";
    for (status, text, says) in [
        (200, String::new(), foreign),
        (200, "<html>no</html>".to_owned(), foreign),
        (404, "<html>no</html>".to_owned(), foreign),
        (200, "<html><p>".to_owned(), foreign),
        (200, laughs.to_owned(), foreign),
        (200, format!("<a>{}</a>", "<b/>".repeat(200_001)), foreign),
        (200, " ".repeat((4 << 20) + 1), foreign),
        (200, "<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>".to_owned(), silent),
        (200, uncounted.to_owned(), silent),
    ] {
        let aws = FakeAws::new(move |_| Reply::Xml(status, text.clone()));
        let read = read(&aws, wants([1])).await;
        let problem = read.subnets[&id(1)].value.as_ref().unwrap_err();
        assert!(problem.message.ends_with(says), "{problem}");
        assert_eq!(problem.class, ProblemClass::Server, "{problem}");
    }
}
