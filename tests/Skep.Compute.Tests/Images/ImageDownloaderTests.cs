using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Skep.Compute.Images;

namespace Skep.Compute.Tests.Images;

/// <summary>Against a publisher of images on the loopback.</summary>
public sealed class ImageDownloaderTests : IAsyncDisposable
{
    private static readonly byte[] _image = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31))];
    private readonly string _directory = Directory.CreateTempSubdirectory("skep-download-").FullName;
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private WebApplication? _server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_directory, "download");

    [Fact]
    public async Task Downloads_and_verifies()
    {
        var image = await ServeAsync(SumsOf(_image), ServeWholeAsync);
        await DownloadAsync(image);
        Assert.Equal(_image, await System.IO.File.ReadAllBytesAsync(File, Ct));
    }

    [Fact]
    public async Task Goes_on_where_an_earlier_attempt_broke_off()
    {
        await System.IO.File.WriteAllBytesAsync(File, _image[..100_000], Ct);
        string? range = null;
        var image = await ServeAsync(SumsOf(_image), async context =>
        {
            range = context.Request.Headers.Range;
            context.Response.StatusCode = 206;
            context.Response.ContentLength = 200_000;
            await context.Response.Body.WriteAsync(_image.AsMemory(100_000), context.RequestAborted);
        });
        await DownloadAsync(image);
        Assert.Equal("bytes=100000-", range);
        Assert.Equal(_image, await System.IO.File.ReadAllBytesAsync(File, Ct));
    }

    [Fact]
    public async Task Begins_again_when_the_server_cannot_resume()
    {
        await System.IO.File.WriteAllBytesAsync(File, new byte[50_000], Ct);
        var image = await ServeAsync(SumsOf(_image), ServeWholeAsync);
        await DownloadAsync(image);
        Assert.Equal(_image, await System.IO.File.ReadAllBytesAsync(File, Ct));
    }

    [Fact]
    public async Task Throws_away_a_file_whose_digest_is_another()
    {
        var image = await ServeAsync(SumsOf([1, 2, 3]), ServeWholeAsync);
        var ex = await Assert.ThrowsAsync<ImageBuildException>(() => DownloadAsync(image));
        Assert.Contains("publisher's list", ex.Message, StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public async Task Refuses_what_the_list_does_not_name()
    {
        var image = await ServeAsync(SumsOf(_image).Replace("disk.qcow2", "other.qcow2", StringComparison.Ordinal), ServeWholeAsync);
        var ex = await Assert.ThrowsAsync<ImageBuildException>(() => DownloadAsync(image));
        Assert.Contains("cannot be verified", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gives_up_a_server_that_redirects_in_circles()
    {
        var image = await ServeAsync(SumsOf(_image), context =>
        {
            context.Response.Redirect("/disk.qcow2");
            return Task.CompletedTask;
        });
        var ex = await Assert.ThrowsAsync<ImageBuildException>(() => DownloadAsync(image));
        Assert.Contains("redirects more than", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Says_when_there_is_no_such_file()
    {
        var image = await ServeAsync(SumsOf(_image), context =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        var ex = await Assert.ThrowsAsync<ImageBuildException>(() => DownloadAsync(image));
        Assert.Contains("404", ex.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("aa55 *disk.qcow2", null)]
    [InlineData("{0} *disk.qcow2", "{0}")]
    [InlineData("{0}  disk.qcow2", "{0}")]
    [InlineData("# comment\nSHA256 (disk.qcow2) = {0}", "{0}")]
    [InlineData("{0}  disk.qcow2.sig", null)]
    public void Reads_both_forms_of_lists(string list, string? expected)
    {
        var digest = new string('a', 64);
        Assert.Equal(
            expected?.Replace("{0}", digest, StringComparison.Ordinal),
            Checksums.Find(list.Replace("{0}", digest, StringComparison.Ordinal), "disk.qcow2", DigestAlgorithm.Sha256));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static string SumsOf(byte[] content) => $"{Convert.ToHexStringLower(SHA256.HashData(content))}  disk.qcow2\n";

    private static Task ServeWholeAsync(HttpContext context)
    {
        context.Response.ContentLength = _image.Length;
        return context.Response.Body.WriteAsync(_image, context.RequestAborted).AsTask();
    }

    private Task DownloadAsync(CatalogImage image) =>
        new ImageDownloader(_http, TimeProvider.System).DownloadAsync(image, File, new Progress<ImageBuildProgress>(), Ct);

    private async Task<CatalogImage> ServeAsync(string sums, RequestDelegate serve)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(o => o.Listen(IPAddress.Loopback, 0));
        _server = builder.Build();
        _server.Run(context => context.Request.Path == "/SHA256SUMS"
            ? context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(sums), context.RequestAborted).AsTask()
            : serve(context));
        await _server.StartAsync(Ct);
        var address = new Uri(_server.Urls.Single());
        return new CatalogImage("test", "x86_64", new(address, "disk.qcow2"), new(address, "SHA256SUMS"), DigestAlgorithm.Sha256, "uefi", "test", "");
    }
}
