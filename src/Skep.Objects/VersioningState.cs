namespace Skep.Objects;

/// <summary>What happens to the version that a write replaces (S3: PutBucketVersioning).</summary>
public enum VersioningState
{
    /// <summary>It goes; all versions have the id "null". The state of a new bucket.</summary>
    None,

    /// <summary>It stays, and each write gets an id.</summary>
    Enabled,

    /// <summary>Writes make the version "null" and replace only that; others stay.</summary>
    Suspended,
}
