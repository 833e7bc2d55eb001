using Skep.Blocks.Stores;
using Skep.Core.Identity;
using Skep.Core.S3Client;

namespace Skep.Storage.Stores;

/// <summary>Opens object stores by URL: <c>file:///path</c> for a directory, <c>s3://…</c> for any S3 (see <see cref="S3Location"/>).</summary>
public static class ObjectStores
{
    private const string FileScheme = "file://";

    /// <summary>Says what is wrong with a store's URL; null when nothing is. Touches nothing.</summary>
    public static string? Check(string url)
    {
        if (url.StartsWith(FileScheme, StringComparison.Ordinal))
            return url.Length > FileScheme.Length + 1 && url[FileScheme.Length] == '/' ? null : $"\"{url}\" has no absolute path: expected file:///path";
        if (url.StartsWith(S3Location.Scheme, StringComparison.Ordinal))
            return S3Location.TryParse(url, out _, out var problem) ? null : problem;
        return $"\"{url}\" is neither file:///path nor {S3Location.Scheme}bucket/prefix";
    }

    /// <summary>Opens a store; failed operations are tried again.</summary>
    /// <param name="url">Its URL.</param>
    /// <param name="credentials">The access key of an S3; null when the URL names a file, or for requests without signature.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Jitter of retries, names of temporary files.</param>
    /// <exception cref="ObjectStoreException">The URL or what it names cannot be used.</exception>
    public static IObjectStore Open(string url, Func<SigV4Credentials>? credentials, TimeProvider time, Random random)
    {
        if (Check(url) is { } problem)
            throw new ObjectStoreException(ObjectStoreError.Refused, problem);
        if (url.StartsWith(FileScheme, StringComparison.Ordinal))
            return DirectoryObjectStore.Open(url[FileScheme.Length..], TaskScheduler.Default, time, random);
        return new RetryingObjectStore(OpenS3(url, credentials, time), new RetryPolicy(), time, random);
    }

    /// <summary>Opens an S3 without retries, for example to probe it.</summary>
    /// <exception cref="ObjectStoreException">The URL or what it names cannot be used.</exception>
    public static S3ObjectStore OpenS3(string url, Func<SigV4Credentials>? credentials, TimeProvider time)
    {
        if (!S3Location.TryParse(url, out var location, out var problem))
            throw new ObjectStoreException(ObjectStoreError.Refused, problem);
        if (location.CredentialsFile is { } file)
            credentials = new S3CredentialsFile(file, location.Profile).Get;
        try
        {
            return new S3ObjectStore(location, credentials, time);
        }
        catch (S3ConfigurationException ex)
        {
            throw new ObjectStoreException(ObjectStoreError.Refused, ex.Message, ex);
        }
    }
}
