using System.Text;
using Skep.S3.Errors;
using Skep.S3.Notifications;
using Skep.S3.Xml;

namespace Skep.S3.Tests.Notifications;

public sealed class NotificationConfigurationTests
{
    private const string Arn = "arn:aws:sns:us-east-1:111111111111:news";

    [Theory]
    [InlineData("<Topic>news</Topic><Event>s3:ObjectCreated:*</Event>", "InvalidArgument")]
    [InlineData("<Topic>arn:aws:sqs:us-east-1:111111111111:news</Topic><Event>s3:ObjectCreated:*</Event>", "InvalidArgument")]
    [InlineData($"<Topic>{Arn}</Topic>", "MalformedXML")]
    [InlineData($"<Topic>{Arn}</Topic><Event>s3:*</Event>", "InvalidArgument")]
    [InlineData($"<Topic>{Arn}</Topic><Event>s3:ObjectCreated:Pu*</Event>", "InvalidArgument")]
    [InlineData($"<Topic>{Arn}</Topic><Event>s3:ObjectRestore:Completed</Event>", "InvalidArgument")]
    [InlineData($"<Topic>{Arn}</Topic><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>tag</Name><Value>a</Value></FilterRule></S3Key></Filter>", "InvalidArgument")]
    public void Configurations_are_checked(string target, string code) =>
        Assert.Equal(code, Assert.Throws<S3Exception>(() => Check($"<TopicConfiguration>{target}</TopicConfiguration>")).Code);

    [Fact]
    public void What_has_no_destination_here_is_refused_by_name() =>
        Assert.Equal("NotImplemented", Assert.Throws<S3Exception>(() => Check("<EventBridgeConfiguration/>")).Code);

    [Theory]
    [InlineData("", "", true)]
    [InlineData("a/", "a/b/", true)]
    [InlineData("a/", "b/", false)]
    public void Two_destinations_are_not_told_the_same(string first, string second, bool isRefused)
    {
        var text = Target(first, "s3:ObjectCreated:*") + Target(second, "s3:ObjectCreated:Put");
        if (isRefused)
            Assert.Equal("InvalidArgument", Assert.Throws<S3Exception>(() => Check(text)).Code);
        else
            Assert.Equal(2, Check(text).Count);
    }

    [Fact]
    public void A_destination_wants_its_events_and_keys()
    {
        var target = Assert.Single(Check(
            $"<TopicConfiguration><Topic>{Arn}</Topic><Event>s3:ObjectCreated:*</Event><Event>s3:ObjectRemoved:Delete</Event><Filter><S3Key>" +
            "<FilterRule><Name>Prefix</Name><Value>in/</Value></FilterRule><FilterRule><Name>suffix</Name><Value>.jpg</Value></FilterRule></S3Key></Filter></TopicConfiguration>"));
        Assert.Equal("notification-1", target.Id);
        Assert.True(target.Wants(NotificationEvents.Copy, "in/a.jpg"));
        Assert.True(target.Wants(NotificationEvents.Delete, "in/a.jpg"));
        Assert.False(target.Wants(NotificationEvents.DeleteMarkerCreated, "in/a.jpg"));
        Assert.False(target.Wants(NotificationEvents.Put, "in/a.png"));
        Assert.False(target.Wants(NotificationEvents.Put, "out/a.jpg"));
    }

    [Fact]
    public void Every_kind_of_destination_names_a_topic()
    {
        var topics = Check(
            "<TopicConfiguration><Topic>arn:aws:sns:us-east-1:1:a</Topic><Event>s3:ObjectCreated:Put</Event></TopicConfiguration>" +
            "<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:1:b</Queue><Event>s3:ObjectCreated:Copy</Event></QueueConfiguration>" +
            "<CloudFunctionConfiguration><CloudFunction>arn:aws:lambda:us-east-1:1:function:c</CloudFunction><Event>s3:ObjectCreated:Post</Event></CloudFunctionConfiguration>");
        Assert.Equal([new TopicArn("1", "a"), new TopicArn("1", "b"), new TopicArn("1", "c")], topics.Select(t => t.Topic));
    }

    private static string Target(string prefix, string name) =>
        $"<TopicConfiguration><Topic>{Arn}</Topic><Event>{name}</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>{prefix}</Value></FilterRule></S3Key></Filter></TopicConfiguration>";

    private static IReadOnlyList<NotificationTarget> Check(string text)
    {
        var root = XmlDocumentReader.Read(Encoding.UTF8.GetBytes($"<NotificationConfiguration>{text}</NotificationConfiguration>"));
        NotificationConfiguration.Document.Check(root);
        return NotificationConfiguration.Parse(root);
    }
}
