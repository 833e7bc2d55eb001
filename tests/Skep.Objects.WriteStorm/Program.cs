using System.Globalization;
using System.Text;
using Skep.Objects;
using Skep.Objects.Embedded;

// usage: Skep.Objects.WriteStorm DIRECTORY SEED
// Stores, replaces and deletes objects with 16 writers until it is killed, and says each acknowledged operation on standard
// output: "writer number length", length -1 for a deletion. A writer has one key; the body of an operation is made from its
// number, so that the test can make it again. Every third body is uploaded in two parts.
const int WriterCount = 16;
const string Bucket = "storm";

var directory = args[0];
var seed = int.Parse(args[1], CultureInfo.InvariantCulture);
await using var store = await EmbeddedBackend.OpenAsync(new EmbeddedOptions { Directory = directory, ReserveBytes = 0 }, TimeProvider.System, CancellationToken.None);
if (!(await store.ListBucketsAsync(new ListBucketsRequest(), CancellationToken.None)).Buckets.Any())
    await store.CreateBucketAsync(Bucket, "storm", CancellationToken.None);
using var output = Console.OpenStandardOutput();
var gate = new Lock();
_ = Task.Run(EndWithTheTest);
Say("ready");
await Task.WhenAll(Enumerable.Range(0, WriterCount).Select(writer => Task.Run(() => WriteAsync(writer))));

async Task WriteAsync(int writer)
{
    var random = new Random(unchecked((seed * WriterCount) + writer));
    var key = $"k{writer}";
    for (var number = seed * 1_000_000; ; number++)
    {
        if (random.Next(8) == 0)
        {
            await store.DeleteAsync(Bucket, new DeleteRequest { Key = key }, CancellationToken.None);
            Say($"{writer} {number} -1");
            continue;
        }

        var body = new byte[random.Next(4) == 0 ? random.Next(500_000) : random.Next(20_000)];
        new Random(number).NextBytes(body);
        // Begun operations are said as well: one of them may turn out to have happened.
        Say($"{writer} {number} {body.Length} begun");
        if (number % 3 == 0)
            await UploadAsync(key, body);
        else
            await store.PutAsync(new PutRequest { Bucket = Bucket, Key = key }, new MemoryStream(body), CancellationToken.None);
        Say($"{writer} {number} {body.Length}");
    }
}

async Task UploadAsync(string key, byte[] body)
{
    var info = await store.CreateUploadAsync(new CreateUploadRequest { Bucket = Bucket, Key = key }, CancellationToken.None);
    var upload = new UploadAddress(Bucket, key, info.UploadId);
    var middle = body.Length / 2;
    var first = await store.UploadPartAsync(upload, 1, BodyClaims.None, new MemoryStream(body, 0, middle), CancellationToken.None);
    var second = await store.UploadPartAsync(upload, 2, BodyClaims.None, new MemoryStream(body, middle, body.Length - middle), CancellationToken.None);
    await store.CompleteUploadAsync(new CompleteUploadRequest { Upload = upload, Parts = [new CompletedPart(1, first.ETag), new CompletedPart(2, second.ETag)] }, CancellationToken.None);
}

// The test holds the other end of standard input: it ends with the test, however that ends.
static void EndWithTheTest()
{
    using var input = Console.OpenStandardInput();
    while (input.ReadByte() >= 0)
    {
        // Nobody writes there.
    }

    Environment.Exit(1);
}

void Say(string line)
{
    // One write call a line: what the kernel took before the kill is still in the pipe after it.
    lock (gate)
        output.Write(Encoding.ASCII.GetBytes(line + "\n"));
}
