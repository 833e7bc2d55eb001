using Skep.Core.Identity;

namespace Skep.Core.Tests.Identity;

/// <summary>The scheme before the present one, which S3 takes too.</summary>
public sealed class SigV2Tests
{
    private const string Date = "20070327T194446Z";
    private const string Presigned = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1175139620";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The examples of the S3 developer guide (API version 2006-03-01), "Signing and authenticating REST requests".</summary>
    [Theory]
    [InlineData("GET", "johnsmith", "/photos/puppy.jpg", "", "Date: Tue, 27 Mar 2007 19:36:42 +0000", "bWq2s1WEIj+Ydj0vQ697zp+IXMU=")]
    [InlineData("GET", "awsexamplebucket1", "/photos/puppy.jpg", "", "Date: Tue, 27 Mar 2007 19:36:42 +0000", "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=")]
    [InlineData("PUT", "johnsmith", "/photos/puppy.jpg", "", "Content-Type: image/jpeg|Content-Length: 94328|Date: Tue, 27 Mar 2007 21:15:45 +0000", "MyyxeRY7whkBe+bq8fHCL/2kKUg=")]
    [InlineData("GET", "johnsmith", "/", "prefix=photos&max-keys=50&marker=puppy", "User-Agent: Mozilla/5.0|Date: Tue, 27 Mar 2007 19:42:41 +0000", "htDYFYduRNen8P9ZfE/s9SuKy0U=")]
    [InlineData("GET", "johnsmith", "/", "acl", "Date: Tue, 27 Mar 2007 19:44:46 +0000", "c2WLPFtWHVgbEmeEG93a4cG37dM=")]
    [InlineData("DELETE", null, "/johnsmith/photos/puppy.jpg", "", "Date: Tue, 27 Mar 2007 21:20:26 +0000", "lx3byBScXR6KzyMaifNkardMwNk=")]
    [InlineData(
        "PUT",
        "static.johnsmith.net",
        "/db-backup.dat.gz",
        "",
        "Date: Tue, 27 Mar 2007 21:06:08 +0000|x-amz-acl: public-read|content-type: application/x-download|Content-MD5: 4gJE4saaMU4BqNR0kLY+lw==|X-Amz-Meta-ReviewedBy: joe@johnsmith.net|X-Amz-Meta-ReviewedBy: jane@johnsmith.net|X-Amz-Meta-FileChecksum: 0x02661779|X-Amz-Meta-ChecksumAlgorithm: crc32|Content-Disposition: attachment",
        "ilyl83RwaSoYIEdixDQcA4OnAnc=")]
    [InlineData("GET", null, "/", "", "Date: Wed, 28 Mar 2007 01:29:59 +0000", "qGdzdERIC03wnaRNKh6OqZehG9s=")]
    [InlineData("GET", null, "/dictionary/fran%C3%A7ais/pr%c3%a9f%c3%a8re", "", "Date: Wed, 28 Mar 2007 01:49:49 +0000", "DNEZGsoieTZ92F3bUfSPQcbGmlM=")]
    public async Task The_published_examples_are_accepted(string method, string? hostBucket, string path, string query, string headers, string signature)
    {
        var request = Of(method, hostBucket, path, query, $"{headers}|Authorization: AWS AKIAIOSFODNN7EXAMPLE:{signature}");
        var date = DateTimeOffset.Parse(request.Header("Date")!, System.Globalization.CultureInfo.InvariantCulture);
        await using var world = await IdentityWorld.CreateAsync(SigV4.FormatDate(date), Ct);
        var identity = world.Verify(request);
        Assert.Equal(("alice", "AWS", SigV4Carrier.Header), (identity.Principal.Name, identity.Algorithm, identity.Carrier));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Method = "POST" }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Path = path + "x" }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { HostBucket = "another" }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Query = "acl&versions" }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Headers = [.. request.Headers, new("x-amz-acl2", "public-read")] }));
        world.Clock.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal(SigV4Failure.RequestTimeSkewed, Failure(world, request));
    }

    [Fact]
    public async Task A_date_of_amazons_own_stands_for_the_other_one()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var signature = SigV2.Signature(IdentityWorld.Secret, "DELETE\n\n\n\nx-amz-date:Tue, 27 Mar 2007 19:44:00 GMT\n/b/k");
        var request = Of("DELETE", null, "/b/k", "", $"Date: Sat, 1 Jan 2000 00:00:00 GMT|x-amz-date: Tue, 27 Mar 2007 19:44:00 GMT|Authorization: AWS {IdentityWorld.KeyId}:{signature}");
        Assert.Null(Failure(world, request));
        Assert.Equal(SigV4Failure.RequestTimeSkewed, Failure(world, Of("GET", null, "/", "", $"Date: Tue, 07 Jul 9999 21:53:04 GMT|Authorization: AWS {IdentityWorld.KeyId}:x"))); // a Wednesday
        Assert.Equal(SigV4Failure.MissingDate, Failure(world, Of("GET", null, "/", "", $"Authorization: AWS {IdentityWorld.KeyId}:x")));
        Assert.Equal(SigV4Failure.MissingDate, Failure(world, Of("GET", null, "/", "", $"Date: Fri, 07 Jul 1950 21:53:04 GMT|Authorization: AWS {IdentityWorld.KeyId}:x")));
        Assert.Equal(SigV4Failure.Incomplete, Failure(world, Of("GET", null, "/", "", $"Date: Tue, 27 Mar 2007 19:44:00 GMT|Authorization: AWS {IdentityWorld.KeyId}")));
    }

    [Fact]
    public async Task A_presigned_url_is_good_until_its_end_for_just_what_was_signed()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var request = Of("GET", "johnsmith", "/photos/puppy.jpg", $"{Presigned}&Signature={Uri.EscapeDataString("NpgCjnDzrM+WFzoENXmpNDUsSn8=")}", "Host: johnsmith.s3.local");
        var identity = world.Verify(request);
        Assert.True(identity.IsPresigned);
        Assert.True(SigV4Verifier.IsSigned(request));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Method = "DELETE" }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Query = request.Query + "&versionId=1" }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Query = request.Query.Replace("1175139620", "1175139621", StringComparison.Ordinal) }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Headers = [new("x-amz-acl", "public-read")] }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Query = request.Query + "&x-amz-acl=public-read" }));
        // What it does not cover would make other operations of it.
        Assert.Equal(SigV4Failure.HeadersNotSigned, Failure(world, request with { Query = request.Query + "&attributes" }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Query = request.Query + "&retention" }));
        Assert.Equal(SigV4Failure.Mismatch, Failure(world, request with { Query = request.Query + "&legal-hold=" }));
        world.Clock.Advance(DateTimeOffset.FromUnixTimeSeconds(1_175_139_620) - world.Clock.GetUtcNow());
        Assert.Null(Failure(world, request));
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(SigV4Failure.RequestExpired, Failure(world, request));
    }

    [Fact]
    public async Task Parameters_are_covered_as_they_are_meant_and_not_as_they_are_written()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var signature = SigV2.Signature(IdentityWorld.Secret, "PUT\n\n\n1175139620\nx-amz-acl:private\n/b/k?partNumber=1&response-content-type=text/plain; x=1&uploadId=a+b");
        var query = $"uploadId=a%2Bb&response-content-type=text%2Fplain%3B%20x%3D1&partNumber=1&x-amz-acl=private&x-id=UploadPart&{Presigned}&Signature={Uri.EscapeDataString(signature)}";
        Assert.Null(Failure(world, Of("PUT", null, "/b/k", query, "Host: s3.local")));

        // Two headers that were signed are not one that has both lines.
        signature = Uri.EscapeDataString(SigV2.Signature(IdentityWorld.Secret, "PUT\n\n\n1175139620\nx-amz-acl:private\nx-amz-meta-a:b\n/b/k"));
        Assert.Null(Failure(world, Of("PUT", null, "/b/k", $"x-amz-acl=private&x-amz-meta-a=b&{Presigned}&Signature={signature}", "Host: s3.local")));
        Assert.Equal(SigV4Failure.HeadersNotSigned, Failure(world, Of("PUT", null, "/b/k", $"x-amz-acl=private%0Ax-amz-meta-a:b&{Presigned}&Signature={signature}", "Host: s3.local")));
    }

    [Theory]
    [InlineData("/b/k?retention&versionId=1", null)]
    [InlineData("/b/k?versionId=1", null)]
    [InlineData("/b/k?retention", SigV4Failure.Mismatch)]
    public async Task What_some_clients_cover_may_be_covered_in_a_header_and_must_be_in_a_url(string signed, SigV4Failure? expected)
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        const string Query = "retention=&versionId=1";
        var header = SigV2.Signature(IdentityWorld.Secret, $"PUT\n\n\nTue, 27 Mar 2007 19:44:46 GMT\n{signed}");
        Assert.Equal(expected, Failure(world, Of("PUT", null, "/b/k", Query, $"Date: Tue, 27 Mar 2007 19:44:46 GMT|Authorization: AWS {IdentityWorld.KeyId}:{header}")));
        var url = Uri.EscapeDataString(SigV2.Signature(IdentityWorld.Secret, $"PUT\n\n\n1175139620\n{signed}"));
        Assert.Equal(signed == "/b/k?versionId=1" ? SigV4Failure.Mismatch : expected, Failure(world, Of("PUT", null, "/b/k", $"{Query}&{Presigned}&Signature={url}", "Host: s3.local")));
    }

    [Theory]
    [InlineData("/b")]
    [InlineData("/b/")]
    public async Task A_bucket_alone_may_be_signed_with_a_slash_and_without(string signed)
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        var signature = Uri.EscapeDataString(SigV2.Signature(IdentityWorld.Secret, $"GET\n\n\n1175139620\n{signed}?location"));
        Assert.Null(Failure(world, Of("GET", null, "/b", $"location&{Presigned}&Signature={signature}", "Host: s3.local")));
        Assert.Equal(signed == "/b/" ? null : SigV4Failure.Mismatch, Failure(world, Of("GET", null, "/b/", $"location&{Presigned}&Signature={signature}", "Host: s3.local")));
    }

    [Fact]
    public async Task Only_who_asks_for_it_gets_the_old_scheme()
    {
        await using var world = await IdentityWorld.CreateAsync(Date, Ct);
        foreach (var request in (SigV4Request[])[Of("GET", null, "/", "", "Authorization: AWS a:b"), Of("GET", null, "/", $"{Presigned}&Signature=b", "Host: h")])
        {
            var refused = Assert.Throws<SigV4Exception>(() => world.Verifier.Verify(request, services: null, _ => TimeSpan.FromMinutes(5)));
            Assert.Equal(SigV4Failure.UnsupportedAlgorithm, refused.Failure);
        }
    }

    private static SigV4Request Of(string method, string? hostBucket, string path, string query, string headers) =>
        new(method, path, query, [.. headers.Split('|').Select(h => h.Split(": ", 2)).Select(h => new KeyValuePair<string, string>(h[0], h[1]))], SigV4.UnsignedPayload) { HostBucket = hostBucket };

    private static SigV4Failure? Failure(IdentityWorld world, SigV4Request request)
    {
        try
        {
            world.Verify(request);
            return null;
        }
        catch (SigV4Exception ex)
        {
            return ex.Failure;
        }
    }
}
