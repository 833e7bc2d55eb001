using System.Net;
using Microsoft.Extensions.Logging;
using Skep.Core.Resources;

namespace Skep.Networking.Agent;

internal sealed partial class VpcFabric
{
    [LoggerMessage(EventId = 610, Level = LogLevel.Information, Message = "{Vpc} is in namespace {Namespace} with {Cidr}")]
    private partial void LogMade(ResourceKey vpc, string @namespace, IPNetwork cidr);

    [LoggerMessage(EventId = 611, Level = LogLevel.Information, Message = "{Vpc} has left namespace {Namespace}")]
    private partial void LogRemoved(ResourceKey vpc, string @namespace);

    [LoggerMessage(EventId = 613, Level = LogLevel.Information, Message = "tap {Device} in {Namespace} serves {Interface} with {Address}")]
    private partial void LogTapMade(string device, string @namespace, string @interface, IPAddress address);

    [LoggerMessage(EventId = 614, Level = LogLevel.Information, Message = "tap {Device} in {Namespace} is removed")]
    private partial void LogTapRemoved(string device, string @namespace);

    [LoggerMessage(EventId = 615, Level = LogLevel.Warning, Message = "undoing step {Step} in {Namespace} failed")]
    private partial void LogUndoFailed(Exception exception, string step, string @namespace);
}
