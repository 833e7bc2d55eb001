using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.S3.Kinds;

/// <summary>
/// Where events of buckets go. Bucket owners name it by an ARN (arn:aws:sns:REGION:ACCOUNT:NAME, sqs and lambda alike); what
/// address is behind it is decided by who may write this resource: an administrator.
/// </summary>
public sealed class Topic : ResourceObject
{
    public TopicSpec Spec { get; set; } = new();
    public TopicStatus? Status { get; set; }
}

/// <summary>What a topic is.</summary>
public sealed class TopicSpec : OpenObject
{
    [Description("The webhook that events are posted to, http:// or https://. Absent: they become Events of this topic's namespace, for an hour.")]
    public string? Url { get; set; }

    [Description("Signs what is posted: header X-Skep-Signature is t=SECONDS,v1=HEX, the HMAC-SHA256 of \"SECONDS.BODY\" under this secret.")]
    public string? Secret { get; set; }

    [Description("How many events may wait; more are dropped. 100000 if absent.")]
    public long? BacklogMax { get; set; }

    [Description("How many hours an event is tried for. 24 if absent.")]
    public int? RetentionHours { get; set; }
}

/// <summary>How a topic does.</summary>
public sealed class TopicStatus : OpenObject
{
    [Description("delivering or failing.")]
    public string State { get; set; } = "";

    [Description("Why the last delivery failed.")]
    public string? Message { get; set; }

    [Description("How many events waited when the state changed.")]
    public long? Backlog { get; set; }

    [Description("When the state changed.")]
    public DateTimeOffset? Since { get; set; }
}
