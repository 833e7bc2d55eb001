namespace Skep.S3.Requests;

/// <summary>What a request's address names.</summary>
internal enum S3Level
{
    /// <summary>The service: no bucket.</summary>
    Service,

    /// <summary>A bucket.</summary>
    Bucket,

    /// <summary>An object in a bucket.</summary>
    Object,
}
