using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.S3.Kinds;

namespace Skep.S3.Notifications;

/// <summary>Finds topics by what bucket owners call them. Thread-safe.</summary>
internal sealed class TopicDirectory(ResourceClient resources)
{
    /// <summary>The topic's resource; null when there is none, or no such account.</summary>
    public Topic? Find(TopicArn arn)
    {
        var view = resources.View;
        var ns = view.List(CoreKinds.Account, ns: null).FirstOrDefault(a => a.Spec.AccountId == arn.AccountId)?.Spec.Namespace;
        return ns is null ? null : view.Get(S3Kinds.Topic.Key(ns, arn.Name))?.View(S3Kinds.Topic);
    }
}
