using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Skep.Bench;

/// <summary>Instances made through the EC2 API of a server, which need not be Skep.</summary>
internal static partial class Fleet
{
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>The first image that the server has.</summary>
    public static async Task<string> FindImageAsync(ApiConnection connection, Ec2Requests requests, CancellationToken ct) =>
        TextOf(await connection.SendAsync(requests.Make("DescribeImages"), ct), "imageId") ?? throw new InvalidDataException("the server has no image");

    /// <summary>Runs instances, several a call, and waits until all of them are running.</summary>
    public static async Task RunAsync(ApiConnection connection, Ec2Requests requests, string image, int count, int each, CancellationToken ct)
    {
        var chunk = each.ToString(CultureInfo.InvariantCulture);
        var request = requests.Make("RunInstances", ("ImageId", image), ("InstanceType", "t3.micro"), ("MinCount", chunk), ("MaxCount", chunk));
        for (var i = 0; i < count; i += each)
            await connection.SendAsync(request, ct);
        var pending = requests.Make("DescribeInstances", ("Filter.1.Name", "instance-state-name"), ("Filter.1.Value.1", "pending"), ("MaxResults", "5"));
        using var timer = new PeriodicTimer(_pollPeriod, TimeProvider.System);
        while (TextOf(await connection.SendAsync(pending, ct), "instanceId") is not null)
            await timer.WaitForNextTickAsync(ct);
    }

    /// <summary>The requests that list all instances page by page.</summary>
    public static async Task<List<byte[]>> FindPagesAsync(ApiConnection connection, Ec2Requests requests, int pageSize, CancellationToken ct)
    {
        var size = pageSize.ToString(CultureInfo.InvariantCulture);
        var pages = new List<byte[]>();
        string? token = null;
        do
        {
            var page = token is null
                ? requests.Make("DescribeInstances", ("MaxResults", size))
                : requests.Make("DescribeInstances", ("MaxResults", size), ("NextToken", token));
            var answer = Encoding.UTF8.GetString((await connection.SendAsync(page, ct)).Span);
            if (InstanceId().Count(answer) != pageSize)
                throw new InvalidDataException($"a page has {InstanceId().Count(answer)} instances, expected {pageSize}");
            pages.Add(page);
            token = TextOf(answer, "nextToken");
        }
        while (token is not null);
        return pages;
    }

    /// <summary>The text of the first element of a name, or null.</summary>
    public static string? TextOf(ReadOnlyMemory<byte> xml, string element) => TextOf(Encoding.UTF8.GetString(xml.Span), element);

    private static string? TextOf(string xml, string element) =>
        Regex.Match(xml, $"<{element}>([^<]+)</{element}>") is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex("<instanceId>")]
    private static partial Regex InstanceId();
}
