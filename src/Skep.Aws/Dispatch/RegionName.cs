using Skep.Aws.Protocol;

namespace Skep.Aws.Dispatch;

/// <summary>The form of region names. Every well-formed region exists: its default network is made at first use.</summary>
internal static class RegionName
{
    private const int LengthMax = 32;

    /// <exception cref="AwsException">InvalidParameterValue.</exception>
    public static void Check(string region)
    {
        if (!IsValid(region))
            throw new AwsException("InvalidParameterValue", 400, $"Invalid region '{(region.Length <= LengthMax ? region : region[..LengthMax])}': a name such as us-east-1 is expected.");
    }

    /// <summary>Two or more words of lower-case letters and a number, joined by dashes: us-east-1, us-gov-west-1, home-1.</summary>
    public static bool IsValid(string region)
    {
        var parts = region.Split('-');
        return region.Length <= LengthMax && parts.Length >= 2
            && parts[^1].Length is 1 or 2 && parts[^1].All(char.IsAsciiDigit)
            && parts[..^1].All(p => p.Length > 0 && p.All(char.IsAsciiLetterLower));
    }
}
