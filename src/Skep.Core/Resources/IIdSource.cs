namespace Skep.Core.Resources;

/// <summary>Where random names come from; a seeded one makes tests repeatable.</summary>
public interface IIdSource
{
    /// <summary>A new uid in the form of a random UUID.</summary>
    string NewUid();

    /// <summary>An AWS-style id: the prefix, a dash and 17 lower-case hex digits ("i-0123456789abcdef0").</summary>
    string NewAwsId(string prefix);

    /// <summary>Random letters and digits of Kubernetes' safe alphabet, for generated names.</summary>
    string NewSuffix(int length);

    /// <summary>Fills a span with unpredictable bytes.</summary>
    void Fill(Span<byte> bytes);
}
