using Skep.Objects;

namespace Skep.S3.Upstream;

/// <summary>A request to the server behind, and what it is about in the words of this side.</summary>
internal sealed record UpstreamRequest(HttpMethod Method)
{
    /// <summary>How long an answer may take whose work is small.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long the server may take to put parts together or to copy gigabytes.</summary>
    public static readonly TimeSpan LongTimeout = TimeSpan.FromMinutes(15);

    /// <summary>The bucket, key and version, with this side's name of the bucket; the bucket is empty for the service itself.</summary>
    public ObjectAddress About { get; init; } = new("", "");

    /// <summary>The upload that it is about.</summary>
    public UploadAddress? Upload { get; init; }

    /// <summary>The query, percent-encoded.</summary>
    public string Query { get; init; } = "";

    /// <summary>Headers, those of the content too.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>A document to send; null for none.</summary>
    public ReadOnlyMemory<byte>? Document { get; init; }

    /// <summary>A body to send; null for none.</summary>
    public UpstreamBody? Body { get; init; }

    /// <summary>Whether it may be sent again when no answer came.</summary>
    public bool IsIdempotent { get; init; }

    /// <summary>Whether AccessDenied can mean that an object is locked.</summary>
    public bool DeniedMeansLocked { get; init; }

    /// <summary>Bytes of the answer that are expected: large ones have connections of their own.</summary>
    public long AnswerBytes { get; init; }

    /// <summary>How long the answer's head may take, counted from the end of the body.</summary>
    public TimeSpan Timeout { get; init; } = AnswerTimeout;

    /// <summary>"GET bucket/key", for messages.</summary>
    public override string ToString() => About.Bucket.Length == 0 ? $"{Method} /" : About.Key.Length == 0 ? $"{Method} {About.Bucket}" : $"{Method} {About}";
}
