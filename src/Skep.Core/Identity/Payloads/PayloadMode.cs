namespace Skep.Core.Identity.Payloads;

/// <summary>How a body is covered by the request's signature: what x-amz-content-sha256 says.</summary>
public enum PayloadMode
{
    /// <summary>UNSIGNED-PAYLOAD, or nothing: the body is taken as it comes.</summary>
    Unsigned,

    /// <summary>A SHA-256 of the whole body.</summary>
    Hashed,

    /// <summary>STREAMING-AWS4-HMAC-SHA256-PAYLOAD: aws-chunked, each chunk signed.</summary>
    SignedChunks,

    /// <summary>STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER: aws-chunked, each chunk and the trailers signed.</summary>
    SignedChunksWithTrailer,

    /// <summary>STREAMING-UNSIGNED-PAYLOAD-TRAILER: aws-chunked with trailers, nothing signed.</summary>
    UnsignedChunksWithTrailer,
}
