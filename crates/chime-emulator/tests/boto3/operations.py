"""Every operation and every refusal, as boto3 sees them."""

import base64
import concurrent.futures
import re
import unittest

from botocore.exceptions import ClientError, ReadTimeoutError

from emulator import client, control, create, token

GUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NOBODY = "00000000-0000-0000-0000-000000000000"
EVERYTHING = {"Audio": "SendReceive", "Video": "SendReceive", "Content": "SendReceive"}


class Operations(unittest.TestCase):
    def setUp(self):
        self.chime = client()
        control("DELETE", "faults")

    def refused(self, code, status, operation, *, chime=None, **members):
        """Makes a call that must be refused, and gives the answer."""
        chime = chime or self.chime
        with self.assertRaises(ClientError) as raised:
            getattr(chime, operation)(**members)
        answer = raised.exception.response
        self.assertEqual(answer["Error"]["Code"], code, answer)
        metadata = answer["ResponseMetadata"]
        self.assertEqual(metadata["HTTPStatusCode"], status)
        self.assertEqual(metadata["HTTPHeaders"]["x-amzn-errortype"], code)
        self.assertRegex(metadata["RequestId"], GUID)
        if code != "UnknownOperationException" and metadata["RequestId"]:
            self.assertEqual(answer.get("RequestId", metadata["RequestId"]), metadata["RequestId"])
            # The exception of the model, not only its name.
            self.assertIsInstance(raised.exception, getattr(chime.exceptions, code))
        return answer

    def seen(self, meeting):
        """A meeting as the emulator lists it."""
        listed = control("GET", "meetings")["meetings"]
        (found,) = [one for one in listed if one["meetingId"] == meeting["MeetingId"]]
        return found

    def attend(self, meeting, user, **members):
        answer = self.chime.create_attendee(
            MeetingId=meeting["MeetingId"], ExternalUserId=user, **members
        )
        return answer["Attendee"]

    def test_a_meeting_has_all_that_the_model_says(self):
        answer = self.chime.create_meeting(
            ClientRequestToken=token(),
            MediaRegion="eu-central-1",
            ExternalMeetingId="room «1»",
            MeetingHostId="host",
            TenantIds=["tenant"],
            MeetingFeatures={"Attendee": {"MaxCount": 15}, "Audio": {"EchoReduction": "AVAILABLE"}},
            NotificationsConfiguration={"SqsQueueArn": "arn:aws:sqs:us-east-1:000000000000:q"},
            Tags=[{"Key": "chitchatter-customer-id", "Value": "9f1c"}],
            MediaPlacementNetworkType="Ipv4Only",
        )
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 200)
        self.assertRegex(answer["ResponseMetadata"]["RequestId"], GUID)
        meeting = answer["Meeting"]
        self.assertRegex(meeting["MeetingId"], f"^{GUID}$")
        self.assertEqual(
            meeting["MeetingArn"],
            f"arn:aws:chime:us-east-1:000000000000:meeting/{meeting['MeetingId']}",
        )
        self.assertEqual(meeting["ExternalMeetingId"], "room «1»")
        self.assertEqual(meeting["MediaRegion"], "eu-central-1")
        self.assertEqual(meeting["MeetingHostId"], "host")
        self.assertEqual(meeting["TenantIds"], ["tenant"])
        self.assertEqual(
            meeting["MeetingFeatures"],
            {
                "Audio": {"EchoReduction": "AVAILABLE"},
                "Video": {"MaxResolution": "HD"},
                "Content": {"MaxResolution": "FHD"},
                "Attendee": {"MaxCount": 15},
            },
        )
        shape = self.chime.meta.service_model.shape_for("MediaPlacement")
        self.assertEqual(set(meeting["MediaPlacement"]), set(shape.members))
        for name, url in meeting["MediaPlacement"].items():
            self.assertIn(".invalid", url, name)
        got = self.chime.get_meeting(MeetingId=meeting["MeetingId"])["Meeting"]
        self.assertEqual(got, meeting)

    def test_a_token_makes_one_meeting(self):
        mine = token()
        first = create(self.chime, ClientRequestToken=mine)
        self.assertEqual(create(self.chime, ClientRequestToken=mine), first)
        members = {
            "ClientRequestToken": mine,
            "MediaRegion": "eu-central-1",
            "ExternalMeetingId": "another",
        }
        self.refused("ConflictException", 409, "create_meeting", **members)
        self.chime.delete_meeting(MeetingId=first["MeetingId"])
        again = create(self.chime, ClientRequestToken=mine)
        self.assertEqual(again, first, "the token is spent")
        self.refused("NotFoundException", 404, "get_meeting", MeetingId=again["MeetingId"])

    def test_64_at_once_with_one_token_make_one_meeting(self):
        mine = token()
        chime = client(max_pool_connections=64)
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            made = pool.map(lambda _: create(chime, ClientRequestToken=mine)["MeetingId"], range(64))
            self.assertEqual(len(set(made)), 1)

    def test_a_meeting_with_attendees(self):
        members = {
            "ClientRequestToken": token(),
            "MediaRegion": "us-east-1",
            "ExternalMeetingId": "room",
            "MeetingFeatures": {"Attendee": {"MaxCount": 2}},
            "Attendees": [{"ExternalUserId": f"user-{number}"} for number in range(3)],
        }
        made = self.chime.create_meeting_with_attendees(**members)
        users = [attendee["ExternalUserId"] for attendee in made["Attendees"]]
        self.assertEqual(users, ["user-0", "user-1"])
        (error,) = made["Errors"]
        self.assertEqual(error["ExternalUserId"], "user-2")
        self.assertEqual(error["ErrorCode"], "LimitExceeded")
        again = self.chime.create_meeting_with_attendees(**members)
        self.assertEqual(again["Meeting"], made["Meeting"])
        self.assertEqual(again["Attendees"], made["Attendees"])
        members["Attendees"] = members["Attendees"][:2]
        self.refused("ConflictException", 409, "create_meeting_with_attendees", **members)
        del members["Attendees"]
        self.refused("ConflictException", 409, "create_meeting", **members)

    def test_an_attendee_and_the_secret_to_join_as_one(self):
        meeting = create(self.chime)
        attendee = self.attend(meeting, "user")
        self.assertEqual(attendee["ExternalUserId"], "user")
        self.assertEqual(attendee["Capabilities"], EVERYTHING)
        joined = base64.urlsafe_b64decode(attendee["JoinToken"] + "==").decode()
        self.assertRegex(joined, f"^{attendee['AttendeeId']}:{GUID}$")
        self.assertEqual(self.attend(meeting, "user"), attendee)
        other = self.attend(meeting, "other", Capabilities={**EVERYTHING, "Audio": "Receive"})
        self.assertNotEqual(other["AttendeeId"], attendee["AttendeeId"])
        self.assertNotEqual(other["JoinToken"], attendee["JoinToken"])
        self.assertEqual(other["Capabilities"]["Audio"], "Receive")
        one = {"MeetingId": meeting["MeetingId"], "AttendeeId": attendee["AttendeeId"]}
        self.assertEqual(self.chime.get_attendee(**one)["Attendee"], attendee)
        self.assertEqual(len(self.seen(meeting)["attendees"]), 2)
        page = self.chime.list_attendees(MeetingId=meeting["MeetingId"], MaxResults=2)
        self.assertEqual(page["Attendees"], [attendee, other])
        self.assertNotIn("NextToken", page, "there are no more")
        self.assertNotIn(attendee["JoinToken"], str(control("GET", "meetings")))

        gone = self.chime.delete_attendee(**one)
        self.assertEqual(gone["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.refused("NotFoundException", 404, "get_attendee", **one)
        self.refused("NotFoundException", 404, "delete_attendee", **one)
        self.assertNotEqual(self.attend(meeting, "user")["AttendeeId"], attendee["AttendeeId"])

    def test_capabilities_beyond_the_meeting_are_refused(self):
        meeting = create(self.chime, MeetingFeatures={"Video": {"MaxResolution": "None"}})
        answer = self.refused(
            "BadRequestException",
            400,
            "create_attendee",
            MeetingId=meeting["MeetingId"],
            ExternalUserId="user",
            Capabilities=EVERYTHING,
        )
        self.assertIn("'capabilities.video'", answer["Error"]["Message"])
        self.assertEqual(self.attend(meeting, "user")["Capabilities"]["Video"], "Receive")

    def test_a_full_meeting(self):
        meeting = create(self.chime, MeetingFeatures={"Attendee": {"MaxCount": 1}})
        attendee = self.attend(meeting, "user")
        members = {"MeetingId": meeting["MeetingId"], "ExternalUserId": "other"}
        self.refused("LimitExceededException", 400, "create_attendee", **members)
        self.assertEqual(self.attend(meeting, "user"), attendee, "who is in it stays in it")

    def test_attendees_by_the_hundred_and_in_pages(self):
        meeting = create(self.chime)
        names = [f"user-{number:03}" for number in range(250)]
        for start in range(0, 250, 100):
            batch = [{"ExternalUserId": name} for name in names[start : start + 100]]
            answer = self.chime.batch_create_attendee(
                MeetingId=meeting["MeetingId"], Attendees=batch
            )
            self.assertEqual((len(answer["Attendees"]), answer["Errors"]), (len(batch), []))
        full = self.chime.batch_create_attendee(
            MeetingId=meeting["MeetingId"],
            Attendees=[{"ExternalUserId": "one-more"}, {"ExternalUserId": names[7]}],
        )
        self.assertEqual([one["ExternalUserId"] for one in full["Attendees"]], [names[7]])
        self.assertEqual([one["ErrorCode"] for one in full["Errors"]], ["LimitExceeded"])

        members = {"MeetingId": meeting["MeetingId"], "MaxResults": 60}
        pages = [self.chime.list_attendees(**members)]
        # One that was told and one that was not are gone: nobody else is missed.
        for told in [names[3], names[200]]:
            attendee = self.attend(meeting, told)
            self.chime.delete_attendee(
                MeetingId=meeting["MeetingId"], AttendeeId=attendee["AttendeeId"]
            )
        while "NextToken" in pages[-1]:
            pages.append(self.chime.list_attendees(**members, NextToken=pages[-1]["NextToken"]))
        listed = [one["ExternalUserId"] for page in pages for one in page["Attendees"]]
        self.assertEqual(listed, [name for name in names if name != names[200]])
        self.assertEqual([len(page["Attendees"]) for page in pages], [60, 60, 60, 60, 9])
        whole = self.chime.list_attendees(MeetingId=meeting["MeetingId"])
        self.assertEqual(len(whole["Attendees"]), 100)
        self.refused(
            "BadRequestException", 400, "list_attendees", **members, NextToken="somewhere"
        )

    def test_a_meeting_that_is_not_there(self):
        meeting = create(self.chime)
        attendee = self.attend(meeting, "user")
        gone = self.chime.delete_meeting(MeetingId=meeting["MeetingId"])
        self.assertEqual(gone["ResponseMetadata"]["HTTPStatusCode"], 204)
        for meeting_id in [NOBODY, meeting["MeetingId"]]:
            one = {"MeetingId": meeting_id}
            person = {**one, "AttendeeId": attendee["AttendeeId"]}
            new = {"ExternalUserId": "other"}
            for operation, members in [
                ("get_meeting", one),
                ("delete_meeting", one),
                ("create_attendee", {**one, **new}),
                ("batch_create_attendee", {**one, "Attendees": [new]}),
                ("list_attendees", one),
                ("get_attendee", person),
                ("delete_attendee", person),
            ]:
                with self.subTest(operation, meeting=meeting_id):
                    self.refused("NotFoundException", 404, operation, **members)
        self.assertEqual(self.seen(meeting)["ending"], "deleted")

    def test_a_meeting_belongs_to_its_region(self):
        meeting = create(self.chime)
        elsewhere = client("eu-central-1")
        one = {"MeetingId": meeting["MeetingId"]}
        self.refused("NotFoundException", 404, "get_meeting", chime=elsewhere, **one)
        arn = create(elsewhere)["MeetingArn"]
        self.assertIn(":eu-central-1:", arn)

    def test_tags(self):
        meeting = create(self.chime, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        arn = meeting["MeetingArn"]

        def tags():
            listed = self.chime.list_tags_for_resource(ResourceARN=arn)["Tags"]
            return {tag["Key"]: tag["Value"] for tag in listed}

        self.assertEqual(tags(), {"a": "1", "b": "2"})
        changed = [{"Key": "b", "Value": "3"}, {"Key": "c", "Value": ""}]
        done = self.chime.tag_resource(ResourceARN=arn, Tags=changed)
        self.assertEqual(done["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.chime.untag_resource(ResourceARN=arn, TagKeys=["a", "a", "unknown"])
        self.assertEqual(tags(), {"b": "3", "c": ""})
        self.assertEqual(self.seen(meeting)["tags"], {"b": "3", "c": ""})
        many = [{"Key": f"k{number}", "Value": ""} for number in range(49)]
        answer = self.refused(
            "TooManyTagsException", 400, "tag_resource", ResourceARN=arn, Tags=many
        )
        self.assertEqual(answer["ResourceName"], arn)
        for wrong in [
            [{"Key": "aws:a", "Value": ""}],
            [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}],
        ]:
            self.refused("BadRequestException", 400, "tag_resource", ResourceARN=arn, Tags=wrong)
        self.assertEqual(tags(), {"b": "3", "c": ""})
        self.chime.delete_meeting(MeetingId=meeting["MeetingId"])
        for operation, members in [
            ("tag_resource", {"Tags": changed}),
            ("untag_resource", {"TagKeys": ["a"]}),
            ("list_tags_for_resource", {}),
        ]:
            for name in [arn, "arn:aws:s3:::bucket"]:
                answer = self.refused(
                    "ResourceNotFoundException", 404, operation, ResourceARN=name, **members
                )
                self.assertEqual(answer["ResourceName"], name)

    def test_meetings_end_with_time(self):
        empty, day, ended = (create(self.chime) for _ in range(3))
        attendee = self.attend(day, "user")
        path = f"meetings/{day['MeetingId']}/attendees/{attendee['AttendeeId']}/connection"
        control("PUT", path)
        self.assertTrue(self.seen(day)["attendees"][0]["connected"])
        control("POST", f"meetings/{ended['MeetingId']}/end")
        self.refused("NotFoundException", 404, "get_meeting", MeetingId=ended["MeetingId"])
        control("POST", "clock", {"advanceSeconds": 301})
        self.refused("NotFoundException", 404, "get_meeting", MeetingId=empty["MeetingId"])
        self.chime.get_meeting(MeetingId=day["MeetingId"])
        control("POST", "clock", {"advanceSeconds": 24 * 60 * 60})
        members = {"MeetingId": day["MeetingId"], "ExternalUserId": "other"}
        answer = self.refused("NotFoundException", 404, "create_attendee", **members)
        self.assertEqual(answer["Error"]["Message"], "The meeting has ended")
        endings = [self.seen(meeting)["ending"] for meeting in (empty, day, ended)]
        self.assertEqual(endings, ["empty", "expired", "ended"])

        left = create(self.chime)
        attendee = self.attend(left, "user")
        path = f"meetings/{left['MeetingId']}/attendees/{attendee['AttendeeId']}/connection"
        control("PUT", path)
        control("POST", "clock", {"advanceSeconds": 301})
        control("DELETE", path)
        control("POST", "clock", {"advanceSeconds": 290})
        self.chime.get_meeting(MeetingId=left["MeetingId"])
        control("POST", "clock", {"advanceSeconds": 11})
        self.refused("NotFoundException", 404, "get_meeting", MeetingId=left["MeetingId"])

    def test_faults(self):
        for fault, code, status in [
            ("throttle", "ThrottlingException", 429),
            ("conflict", "ConflictException", 409),
            ("failure", "ServiceFailureException", 500),
            ("unavailable", "ServiceUnavailableException", 503),
        ]:
            control("POST", "faults", {"operation": "CreateMeeting", "fault": fault})
            with self.assertRaises(ClientError) as raised:
                create(self.chime)
            answer = raised.exception.response
            self.assertEqual(answer["Error"]["Code"], code)
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status)
        self.assertEqual(answer["RetryAfterSeconds"], "1")

        # What comes and goes is overcome by the client's own repetitions.
        patient = client(retries={"total_max_attempts": 3, "mode": "standard"})
        control("POST", "faults", {"operation": "CreateMeeting", "fault": "throttle", "times": 2})
        create(patient)
        control("POST", "faults", {"operation": "GetMeeting", "fault": "failure", "times": 9})
        control("DELETE", "faults")
        self.chime.get_meeting(MeetingId=create(self.chime)["MeetingId"])

    def test_answers_that_never_come(self):
        hasty = client(read_timeout=0.3)
        count = len(control("GET", "meetings")["meetings"])
        for fault, made in [("no-answer", 0), ("lost-answer", 1)]:
            control("POST", "faults", {"operation": "CreateMeeting", "fault": fault})
            mine = token()
            with self.assertRaises(ReadTimeoutError):
                create(hasty, ClientRequestToken=mine)
            self.assertEqual(len(control("GET", "meetings")["meetings"]), count + made)
            create(hasty, ClientRequestToken=mine)
            count += 1
            self.assertEqual(len(control("GET", "meetings")["meetings"]), count)

    def test_who_may_not_ask(self):
        one = {"MeetingId": NOBODY}
        # Signed for another service, in a region without this one, not at all.
        control_region = client("eu-west-1")
        self.refused("ForbiddenException", 403, "get_meeting", chime=control_region, **one)

        def unsigned(request, **_):
            del request.headers["Authorization"]

        def for_s3(request, **_):
            header = request.headers["Authorization"]
            request.headers["Authorization"] = header.replace(b"/chime/", b"/s3/")

        for change, code, status in [
            (unsigned, "UnauthorizedException", 401),
            (for_s3, "ForbiddenException", 403),
        ]:
            chime = client()
            chime.meta.events.register("before-send.*.*", change)
            self.refused(code, status, "get_meeting", chime=chime, **one)

    def test_what_the_emulator_does_not_have(self):
        with self.assertRaises(ClientError) as raised:
            self.chime.stop_meeting_transcription(MeetingId=NOBODY)
        answer = raised.exception.response
        self.assertEqual(answer["Error"]["Code"], "UnknownOperationException")
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
