using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Objects;
using Skep.S3.Kinds;
using Skep.S3.Notifications;
using Skep.Testing;

namespace Skep.S3.Tests.Notifications;

public sealed class NotificationAgentTests : IAsyncLifetime
{
    private const string AccountId = "111111111111";
    private const string Secret = "0123456789abcdef";

    private readonly FakeWebhook _webhook = new();
    private StoreWorld _world = null!;
    private TestResources _resources = null!;
    private BucketInfo _bucket = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await StoreWorld.OpenAsync(TimeProvider.System, Ct);
        _resources = await TestResources.CreateAsync(S3Kinds.All, Ct);
        await _resources.Client.CreateAsync(CoreKinds.Account, new Account { Metadata = { Name = AccountId }, Spec = { AccountId = AccountId, Namespace = "default" } }, Ct);
        _bucket = await _world.Store.CreateBucketAsync("photos", AccountId, Ct);
    }

    public async ValueTask DisposeAsync()
    {
        _webhook.Dispose();
        await _resources.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Events_arrive_signed_in_order_and_again_until_they_are_taken()
    {
        await CreateTopicAsync("news", new TopicSpec { Url = "https://hooks.example/a", Secret = Secret });
        await ConfigureAsync("news");
        _webhook.Answers.Enqueue(HttpStatusCode.ServiceUnavailable);
        await using (var running = await RunAsync())
        {
            foreach (var key in new[] { "one", "two" })
                await running.Publisher.PublishAsync(Put(key));
            var refused = await _webhook.NextAsync(Ct);
            var first = await _webhook.NextAsync(Ct);
            var second = await _webhook.NextAsync(Ct);
            Assert.Equal(("one", "one", "two"), (KeyOf(refused), KeyOf(first), KeyOf(second)));
            Assert.Equal(refused.EventId, first.EventId);
            Assert.Equal("https://hooks.example/a", first.Url);
            var seconds = first.Signature!.Split(',')[0]["t=".Length..];
            Assert.Equal($"t={seconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{seconds}.{first.Body}")))}", first.Signature);
        }

        Assert.Equal("delivering", _resources.Client.View.Get(S3Kinds.Topic.Key("default", "news"))!.View(S3Kinds.Topic).Status!.State);
    }

    [Fact]
    public async Task What_was_told_while_nobody_delivered_arrives_after_a_restart()
    {
        await CreateTopicAsync("news", new TopicSpec { Url = "http://127.0.0.1:1/hook" });
        await ConfigureAsync("news");
        using (var publisher = NewPublisher(new Outbox(_world.Host, TimeProvider.System)))
            await publisher.PublishAsync(Put("kept"));
        await _world.ReopenAsync(Ct);
        await using var running = await RunAsync();
        var delivery = await _webhook.NextAsync(Ct);
        Assert.Equal("kept", KeyOf(delivery));
        Assert.Null(delivery.Signature);
    }

    [Fact]
    public async Task A_topic_that_fails_does_not_hold_up_another()
    {
        await CreateTopicAsync("dead", new TopicSpec { Url = "http://127.0.0.1:1/dead" });
        await CreateTopicAsync("live", new TopicSpec { Url = "http://127.0.0.1:1/live" });
        await ConfigureAsync("dead", "live");
        await using var running = await RunAsync();
        for (var i = 0; i < 3; i++)
            _webhook.Answers.Enqueue(HttpStatusCode.Found); // a redirect is not followed, whoever of the two gets it
        await running.Publisher.PublishAsync(Put("k"));
        var urls = new HashSet<string>();
        while (urls.Count < 2)
            urls.Add((await _webhook.NextAsync(Ct)).Url);
    }

    [Fact]
    public async Task More_than_may_wait_is_dropped_and_the_request_goes_on()
    {
        await CreateTopicAsync("news", new TopicSpec { Url = "http://127.0.0.1:1/hook", BacklogMax = 2 });
        await ConfigureAsync("news");
        using var publisher = NewPublisher(new Outbox(_world.Host, TimeProvider.System));
        for (var i = 0; i < 5; i++)
            await publisher.PublishAsync(Put($"k{i}"));
        Assert.Equal(2, (await _world.Store.HeadBucketAsync(Outbox.BucketOf(new TopicArn(AccountId, "news")), Ct)).Usage.Objects);
    }

    [Fact]
    public async Task A_topic_without_an_address_makes_events()
    {
        await CreateTopicAsync("stream", new TopicSpec());
        await ConfigureAsync("stream");
        var revision = _resources.Client.View.Revision;
        await using var running = await RunAsync();
        await running.Publisher.PublishAsync(Put("seen"));
        await foreach (var batch in _resources.Store.WatchAsync(CoreKinds.Event.GroupResource, revision, Ct))
        {
            if (batch.Events.Count == 0)
                continue;
            var seen = batch.Events[0].Resource.View(CoreKinds.Event);
            Assert.Equal(("S3Event", "stream"), (seen.Reason, seen.InvolvedObject.Name));
            Assert.Contains("\"key\":\"seen\"", seen.Message, StringComparison.Ordinal);
            return;
        }
    }

    private static string KeyOf(FakeWebhook.Delivery delivery) => (string)JsonNode.Parse(delivery.Body)!["Records"]![0]!["s3"]!["object"]!["key"]!;

    private S3Event Put(string key) => S3Event.Of(NotificationEvents.Put, _bucket, new ObjectVersion { Key = key, VersionId = ObjectVersion.NullId, LastModified = default });

    private async Task CreateTopicAsync(string name, TopicSpec spec) =>
        await _resources.Client.CreateAsync(S3Kinds.Topic, new Topic { Metadata = { Name = name, Namespace = "default" }, Spec = spec }, Ct);

    private async Task ConfigureAsync(params string[] topics)
    {
        var text = string.Concat(topics.Select(t => $"<TopicConfiguration><Id>{t}</Id><Topic>arn:aws:sns:us-east-1:{AccountId}:{t}</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration>"));
        await _world.Store.PutDocumentAsync("photos", NotificationConfiguration.SubResource, Encoding.UTF8.GetBytes($"<NotificationConfiguration>{text}</NotificationConfiguration>"), Ct);
    }

    private S3EventPublisher NewPublisher(Outbox outbox) =>
        new(_world.Host, outbox, new TopicDirectory(_resources.Client), _world.Options, TimeProvider.System, NullLogger<S3EventPublisher>.Instance);

    private async Task<Running> RunAsync()
    {
        var outbox = new Outbox(_world.Host, TimeProvider.System);
        var delivery = new TopicDelivery(_resources.Client, new HttpMessageInvoker(_webhook, disposeHandler: false), TimeProvider.System);
        var agent = new NotificationAgent(_world.Host, outbox, new TopicDirectory(_resources.Client), delivery, _resources.Client, TimeProvider.System, NullLogger<NotificationAgent>.Instance);
        await agent.StartAsync(Ct);
        return new Running(agent, NewPublisher(outbox));
    }

    private sealed record Running(NotificationAgent Agent, S3EventPublisher Publisher) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Agent.StopAsync(CancellationToken.None);
            Agent.Dispose();
            Publisher.Dispose();
        }
    }
}
