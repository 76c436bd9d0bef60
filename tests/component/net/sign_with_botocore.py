"""Random requests as botocore signs them: a line of JSON each. Arguments: seed, count."""

import base64
import json
import random
import sys
import urllib.parse

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TEXTS = "abcXYZ019-_.~ /:+*%&=?#@!$'(),;\"\\<>[]{}|^`éß漢😀"
REGIONS = ["us-east-1", "eu-central-1", "cn-north-1"]
SERVICES = ["batch", "ecs", "ec2", "logs", "secretsmanager"]


class Draw:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, least=0, most=12):
        return "".join(self.random.choices(TEXTS, k=self.random.randint(least, most)))

    def path(self):
        parts = [self.random.choice([urllib.parse.quote(self.text(1), safe="~"), "v1", ".", "..",
                                     "", "arn%3Aaws%3Abatch"])
                 for _ in range(self.random.randint(0, 5))]
        return "/" + "/".join(parts)

    def query(self):
        quote = lambda text: urllib.parse.quote(text, safe="-_.~")
        names = [self.text(1) for _ in range(self.random.randint(0, 5))]
        if names:
            names += self.random.choices(names, k=self.random.randint(0, 2))
        return "&".join(f"{quote(name)}={quote(self.text())}" for name in names)

    def headers(self):
        blank = lambda: self.random.choice(["", " ", "  "])
        headers = {f"X-Test-{self.random.randint(0, 99)}":
                   f"{blank()}a{blank()}b {self.random.randint(0, 9)}{blank()}"
                   for _ in range(self.random.randint(0, 3))}
        if self.random.random() < 0.7:
            headers["Content-Type"] = "application/x-amz-json-1.1"
        if self.random.random() < 0.5:
            headers["X-Amz-Target"] = "Logs_20140328.GetLogEvents"
        headers["User-Agent"] = "never signed"
        return headers

    def credentials(self):
        token = self.text(1, 200).encode().hex() if self.random.random() < 0.5 else None
        return Credentials("AKID" + self.text(0, 9).encode().hex(),
                           base64.b64encode(self.random.randbytes(30)).decode(), token)

    def timestamp(self):
        return (f"20{self.random.randint(10, 37)}{self.random.randint(1, 12):02}"
                f"{self.random.randint(1, 28):02}T{self.random.randint(0, 23):02}"
                f"{self.random.randint(0, 59):02}{self.random.randint(0, 59):02}Z")


def sign(auth, request, timestamp):
    """SigV4Auth.add_auth at a given time."""
    request.context["timestamp"] = timestamp
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    auth._inject_signature_to_request(request, signature)


def case(draw):
    credentials, timestamp = draw.credentials(), draw.timestamp()
    region, service = draw.random.choice(REGIONS), draw.random.choice(SERVICES)
    host = draw.random.choice(["example.com", "127.0.0.1:5000", "[::1]:8080"])
    method = draw.random.choice(["GET", "POST", "DELETE"])
    path, query = draw.path(), draw.query()
    url = f"http://{host}{path}" + (f"?{query}" if query else "")
    headers = {**draw.headers(), "Host": host}
    body = draw.random.randbytes(draw.random.randint(0, 500)) if method == "POST" else b""

    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    sign(SigV4Auth(credentials, service, region), request, timestamp)
    # Of a member that repeats, SigV4QueryAuth keeps one.
    unique = "&".join({part.split("=")[0]: part for part in query.split("&")}.values())
    presigned = AWSRequest(method=method, url=f"http://{host}{path}?{unique}",
                           headers={"Host": host})
    expires = draw.random.randint(1, 604800)
    sign(SigV4QueryAuth(credentials, service, region, expires=expires), presigned, timestamp)
    return {"method": method, "path": path, "query": query, "headers": list(headers.items()),
            "host": host, "body": base64.b16encode(body).decode(), "region": region,
            "service": service, "timestamp": timestamp, "expires": expires,
            "access_key_id": credentials.access_key, "secret": credentials.secret_key,
            "token": credentials.token or "",
            "authorization": request.headers["Authorization"],
            "unique_query": unique,
            "presigned_query": urllib.parse.urlsplit(presigned.url).query}


def main():
    draw = Draw(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(json.dumps(case(draw)))


if __name__ == "__main__":
    main()
