"""Logins of Amazon ECR's private registries, asked of moto. The tests' Engine reaches no registry:
what it is sent is shown by component/runtime/pulls_test.cpp."""

from elastic_test import allowed_actions
from support.aws_proxy import AwsProxy
from support.case import SystemTest
from support.moto import KEYS, REGION, Moto

IMAGE = "123456789012.dkr.ecr.us-west-2.amazonaws.com/app:1"
TOKEN = "ecr:GetAuthorizationToken"
REFUSAL = b'{"__type": "AccessDeniedException", "message": "not for you"}'


class Ecr(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.moto = Moto.shared()
        cls.moto.reset()
        cls.aws_proxy = AwsProxy(cls.moto.url)
        cls.addClassCleanup(cls.aws_proxy.close)
        cls.settings = {"aws.region": REGION, "compute.provider": "local"}
        cls.variables = {**KEYS, "AWS_ENDPOINT_URL_ECR": cls.aws_proxy.url}
        super().setUpClass()

    def setUp(self):
        self.aws_proxy.calls.clear()

    def reason(self, image):
        job = self.wait_for(self.submit(self.define("true", image=image)), "FAILED", seconds=120)
        self.assertEqual("Task failed to start", job["statusReason"])
        return job["container"]["reason"]

    def test_a_login_is_asked_for_before_the_pull(self):
        reason = self.reason(IMAGE)
        self.assertEqual([TOKEN], list(self.aws_proxy.calls))
        self.assertTrue(set(self.aws_proxy.calls) <= allowed_actions())
        self.assertRegex(reason, "^CannotPullContainerError: ")
        self.assertNotIn("login", reason)

    def test_a_login_that_is_refused_is_the_reason(self):
        self.aws_proxy.answer(TOKEN, 400, REFUSAL)
        self.assertEqual("CannotPullContainerError: ECR gives no login for us-west-2: "
                         "AccessDeniedException: not for you", self.reason(IMAGE))

    def test_other_registries_are_no_business_of_ecr(self):
        self.reason("registry.invalid/app:1")
        self.assertFalse(self.aws_proxy.calls)


class NoKeys(SystemTest):
    def test_the_reason_says_that_there_was_no_login(self):
        job = self.wait_for(self.submit(self.define("true", image=IMAGE)), "FAILED", seconds=120)
        self.assertIn("CannotPullContainerError: without a login (AWS is not asked: no keys in the "
                      "environment, the profile 'default' or a role): ", job["container"]["reason"])
