using System.Globalization;

namespace Skep.S3.Logging;

/// <summary>Where a bucket's access logs go.</summary>
/// <param name="Bucket">The bucket that takes them.</param>
/// <param name="Prefix">How their keys begin.</param>
/// <param name="IsPartitioned">Whether keys go on with account, region, bucket and date.</param>
internal sealed record LogTarget(string Bucket, string Prefix, bool IsPartitioned)
{
    /// <summary>The key of a log.</summary>
    /// <param name="source">The bucket that it is about.</param>
    /// <param name="account">That bucket's account.</param>
    /// <param name="region">Its region.</param>
    /// <param name="now">When it is delivered.</param>
    /// <param name="unique">16 hexadecimal digits that no other log has.</param>
    public string KeyOf(string source, string account, string region, DateTimeOffset now, string unique)
    {
        var name = now.UtcDateTime.ToString("yyyy-MM-dd-HH-mm-ss", CultureInfo.InvariantCulture) + "-" + unique;
        return IsPartitioned ? $"{Prefix}{account}/{region}/{source}/{now.UtcDateTime.ToString("yyyy/MM/dd", CultureInfo.InvariantCulture)}/{name}" : Prefix + name;
    }
}
