namespace Skep.Objects;

/// <summary>Names a version of an object.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key, at most 1,024 bytes of UTF-8.</param>
/// <param name="VersionId">The version; null for the current one.</param>
public readonly record struct ObjectAddress(string Bucket, string Key, string? VersionId = null)
{
    /// <summary>"bucket/key", with the version where one is named.</summary>
    public override string ToString() => VersionId is null ? $"{Bucket}/{Key}" : $"{Bucket}/{Key} (version {VersionId})";
}
