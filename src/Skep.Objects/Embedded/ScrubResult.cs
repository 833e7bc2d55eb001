namespace Skep.Objects.Embedded;

/// <summary>What a scrub did.</summary>
/// <param name="Contents">How many contents were read.</param>
/// <param name="BytesRead">How many bytes of them.</param>
/// <param name="Damaged">How many of them are damaged.</param>
public sealed record ScrubResult(long Contents, long BytesRead, long Damaged);

/// <summary>A content that is not what was stored.</summary>
/// <param name="Content">Its number, which its file is named by in hexadecimal.</param>
/// <param name="Reason">What is wrong, and where.</param>
/// <param name="Objects">Which objects refer to it (16 at most).</param>
public sealed record Damage(long Content, string Reason, IReadOnlyList<ObjectAddress> Objects);
