using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Notifications;

/// <summary>Who is told of a bucket's events (API reference, "NotificationConfiguration"). An empty one ends it.</summary>
internal static class NotificationConfiguration
{
    /// <summary>The query parameter that selects it; also the document's name in the store.</summary>
    public const string SubResource = "notification";

    private const int TargetsMax = 100;

    private static readonly (string Element, string ArnElement, string Service)[] _forms =
        [("TopicConfiguration", "Topic", "sns"), ("QueueConfiguration", "Queue", "sqs"), ("CloudFunctionConfiguration", "CloudFunction", "lambda")];

    /// <summary>The document.</summary>
    public static BucketDocument Document { get; } = new()
    {
        SubResource = SubResource,
        Root = "NotificationConfiguration",
        GetName = "GetBucketNotificationConfiguration",
        PutName = "PutBucketNotificationConfiguration",
        GetAction = "s3:GetBucketNotification",
        PutAction = "s3:PutBucketNotification",
        Check = static root => Check(root),
        CheckBucket = CheckDestinationsAsync,
    };

    /// <summary>Reads a configuration that was checked.</summary>
    public static IReadOnlyList<NotificationTarget> Parse(XmlElement root)
    {
        var targets = new List<NotificationTarget>();
        foreach (var (element, arnElement, service) in _forms)
        {
            foreach (var target in root.All(element))
                targets.Add(Read(target, arnElement, service));
        }

        return targets;
    }

    private static void Check(XmlElement root)
    {
        if (root.Children.FirstOrDefault(c => !Array.Exists(_forms, f => f.Element == c.Name)) is { } other)
        {
            throw other.Name == "EventBridgeConfiguration"
                ? S3Errors.NotImplemented("PutBucketNotificationConfiguration with EventBridgeConfiguration")
                : S3Errors.MalformedXml($"it has {other.Name}, expected {string.Join(", ", _forms.Select(f => f.Element))}");
        }

        var number = 0;
        foreach (var target in root.Children)
        {
            if (target["Id"] is not null)
                continue;
            var id = new XmlElement("Id");
            do
                id.SetText($"notification-{++number}");
            while (root.Children.Any(c => c.Value("Id") == id.Text));
            target.Add(id);
        }

        var targets = Parse(root);
        if (targets.Count > TargetsMax)
            throw S3Errors.InvalidArgument("NotificationConfiguration", $"{targets.Count}", $"at most {TargetsMax} configurations are possible");
        for (var i = 0; i < targets.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (targets[i].Id == targets[j].Id)
                    throw S3Errors.InvalidArgument("Id", targets[i].Id, "Same ID used for multiple configurations. IDs must be unique");
                if (targets[i].Overlaps(targets[j]))
                    throw S3Errors.InvalidArgument("NotificationConfiguration", targets[i].Id, "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.");
            }
        }
    }

    private static NotificationTarget Read(XmlElement target, string arnElement, string service)
    {
        var arn = target.Value(arnElement) ?? "";
        if (!TopicArn.TryParse(arn, service, out var topic))
            throw S3Errors.InvalidArgument(arnElement, arn, "The ARN could not be parsed");
        var events = new List<string>();
        foreach (var name in target.All("Event").Select(e => e.Text))
        {
            var named = NotificationEvents.Expand(name);
            events.AddRange(named.Count > 0 ? named : throw S3Errors.InvalidArgument("Event", name, "The event is not supported for notifications"));
        }

        if (events.Count == 0)
            throw S3Errors.MalformedXml($"a {target.Name} has no Event");
        var (prefix, suffix) = ((string?)null, (string?)null);
        foreach (var rule in target["Filter"]?["S3Key"]?.All("FilterRule") ?? [])
        {
            var value = rule.Value("Value") ?? "";
            switch (rule.Value("Name")?.ToLowerInvariant())
            {
                case "prefix" when prefix is null:
                    prefix = value;
                    break;
                case "suffix" when suffix is null:
                    suffix = value;
                    break;
                default:
                    throw S3Errors.InvalidArgument("FilterRule.Name", rule.Value("Name") ?? "", "filter rule name must be either prefix or suffix, each once");
            }
        }

        return new NotificationTarget(target.Value("Id") ?? "", arn, topic.Value, events, prefix ?? "", suffix ?? "");
    }

    /// <summary>A destination must exist and belong to the bucket's account; each is sent a test event, as S3 does.</summary>
    private static async ValueTask CheckDestinationsAsync(S3Services services, S3Call call, XmlElement root, CancellationToken ct)
    {
        var isTrusted = string.Equals(call.Header("x-amz-skip-destination-validation"), "true", StringComparison.OrdinalIgnoreCase);
        var targets = Parse(root);
        foreach (var target in targets)
        {
            if (target.Topic.AccountId != call.BucketInfo.Owner || (!isTrusted && services.Events.Topics.Find(target.Topic) is null))
                throw S3Errors.InvalidArgument(target.Arn, "There is no such topic in the bucket's account", "Unable to validate the following destination configurations");
        }

        foreach (var topic in targets.Select(t => t.Topic).Distinct().Where(t => !isTrusted || services.Events.Topics.Find(t) is not null))
            await services.Events.PublishTestAsync(call, topic, ct);
    }
}
