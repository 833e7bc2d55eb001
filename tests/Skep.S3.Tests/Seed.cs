using System.Globalization;

namespace Skep.S3.Tests;

/// <summary>The seed of random tests: from SKEP_TEST_SEED, else a fixed one; printed, so that a failure can be repeated.</summary>
internal static class Seed
{
    private const int Default = 20261121;

    /// <summary>A generator.</summary>
    public static Random NewRandom()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("SKEP_TEST_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Default;
        TestContext.Current.TestOutputHelper?.WriteLine($"SKEP_TEST_SEED={seed}");
        return new Random(seed);
    }

    /// <summary>A key of odd characters: 1 to 40 of them.</summary>
    public static string NewKey(Random random)
    {
        string[] pieces = ["/", "//", ".", "..", "./", "%", "%2F", "%zz", "+", " ", "=", "&", "?", "#", "\\", "\"", "'", "<", ">", "ü", "日本", "😀", "\u0301", "~", "*", ":", ";", "@", "a", "B", "0", "\t", "\u007f", "\u0001", "\n"];
        return string.Concat(Enumerable.Range(0, random.Next(1, 41)).Select(_ => pieces[random.Next(pieces.Length)]));
    }
}
