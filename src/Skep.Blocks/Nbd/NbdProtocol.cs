namespace Skep.Blocks.Nbd;

/// <summary>
/// The numbers of the NBD protocol under the names that the specification (doc/proto.md of the reference implementation,
/// with its branches <c>extension-ext-header</c> and <c>extension-resize</c>) gives them. All integers travel big-endian.
/// </summary>
internal static class NbdProtocol
{
    // Magic numbers.
    public const ulong NBDMAGIC = 0x4e42444d41474943;
    public const ulong IHAVEOPT = 0x49484156454f5054;
    public const ulong NBD_REP_MAGIC = 0x0003e889045565a9;
    public const uint NBD_REQUEST_MAGIC = 0x25609513;
    public const uint NBD_SIMPLE_REPLY_MAGIC = 0x67446698;
    public const uint NBD_STRUCTURED_REPLY_MAGIC = 0x668e33ef;
    public const uint NBD_EXTENDED_REQUEST_MAGIC = 0x21e41c71;
    public const uint NBD_EXTENDED_REPLY_MAGIC = 0x6e8a278c;

    // Handshake flags of the server, 16 bits, and of the client, 32 bits.
    public const ushort NBD_FLAG_FIXED_NEWSTYLE = 1 << 0;
    public const ushort NBD_FLAG_NO_ZEROES = 1 << 1;
    public const uint NBD_FLAG_C_FIXED_NEWSTYLE = 1 << 0;
    public const uint NBD_FLAG_C_NO_ZEROES = 1 << 1;

    // Transmission flags, 16 bits.
    public const ushort NBD_FLAG_HAS_FLAGS = 1 << 0;
    public const ushort NBD_FLAG_READ_ONLY = 1 << 1;
    public const ushort NBD_FLAG_SEND_FLUSH = 1 << 2;
    public const ushort NBD_FLAG_SEND_FUA = 1 << 3;
    public const ushort NBD_FLAG_SEND_TRIM = 1 << 5;
    public const ushort NBD_FLAG_SEND_WRITE_ZEROES = 1 << 6;
    public const ushort NBD_FLAG_SEND_DF = 1 << 7;
    public const ushort NBD_FLAG_CAN_MULTI_CONN = 1 << 8;
    public const ushort NBD_FLAG_SEND_RESIZE = 1 << 9;
    public const ushort NBD_FLAG_SEND_CACHE = 1 << 10;
    public const ushort NBD_FLAG_SEND_FAST_ZERO = 1 << 11;
    public const ushort NBD_FLAG_BLOCK_STATUS_PAYLOAD = 1 << 12;

    // Options.
    public const uint NBD_OPT_EXPORT_NAME = 1;
    public const uint NBD_OPT_ABORT = 2;
    public const uint NBD_OPT_LIST = 3;
    public const uint NBD_OPT_STARTTLS = 5;
    public const uint NBD_OPT_INFO = 6;
    public const uint NBD_OPT_GO = 7;
    public const uint NBD_OPT_STRUCTURED_REPLY = 8;
    public const uint NBD_OPT_LIST_META_CONTEXT = 9;
    public const uint NBD_OPT_SET_META_CONTEXT = 10;
    public const uint NBD_OPT_EXTENDED_HEADERS = 11;

    // Replies to options.
    public const uint NBD_REP_ACK = 1;
    public const uint NBD_REP_SERVER = 2;
    public const uint NBD_REP_INFO = 3;
    public const uint NBD_REP_META_CONTEXT = 4;
    public const uint NBD_REP_FLAG_ERROR = 1u << 31;
    public const uint NBD_REP_ERR_UNSUP = NBD_REP_FLAG_ERROR + 1;
    public const uint NBD_REP_ERR_POLICY = NBD_REP_FLAG_ERROR + 2;
    public const uint NBD_REP_ERR_INVALID = NBD_REP_FLAG_ERROR + 3;
    public const uint NBD_REP_ERR_PLATFORM = NBD_REP_FLAG_ERROR + 4;
    public const uint NBD_REP_ERR_TLS_REQD = NBD_REP_FLAG_ERROR + 5;
    public const uint NBD_REP_ERR_UNKNOWN = NBD_REP_FLAG_ERROR + 6;
    public const uint NBD_REP_ERR_SHUTDOWN = NBD_REP_FLAG_ERROR + 7;
    public const uint NBD_REP_ERR_BLOCK_SIZE_REQD = NBD_REP_FLAG_ERROR + 8;
    public const uint NBD_REP_ERR_TOO_BIG = NBD_REP_FLAG_ERROR + 9;
    public const uint NBD_REP_ERR_EXT_HEADER_REQD = NBD_REP_FLAG_ERROR + 10;

    // Information types of NBD_OPT_INFO and NBD_OPT_GO.
    public const ushort NBD_INFO_EXPORT = 0;
    public const ushort NBD_INFO_NAME = 1;
    public const ushort NBD_INFO_DESCRIPTION = 2;
    public const ushort NBD_INFO_BLOCK_SIZE = 3;

    // Commands.
    public const ushort NBD_CMD_READ = 0;
    public const ushort NBD_CMD_WRITE = 1;
    public const ushort NBD_CMD_DISC = 2;
    public const ushort NBD_CMD_FLUSH = 3;
    public const ushort NBD_CMD_TRIM = 4;
    public const ushort NBD_CMD_CACHE = 5;
    public const ushort NBD_CMD_WRITE_ZEROES = 6;
    public const ushort NBD_CMD_BLOCK_STATUS = 7;
    public const ushort NBD_CMD_RESIZE = 8;

    // Command flags, 16 bits.
    public const ushort NBD_CMD_FLAG_FUA = 1 << 0;
    public const ushort NBD_CMD_FLAG_NO_HOLE = 1 << 1;
    public const ushort NBD_CMD_FLAG_DF = 1 << 2;
    public const ushort NBD_CMD_FLAG_REQ_ONE = 1 << 3;
    public const ushort NBD_CMD_FLAG_FAST_ZERO = 1 << 4;
    public const ushort NBD_CMD_FLAG_PAYLOAD_LEN = 1 << 5;

    // Chunks of structured and extended replies.
    public const ushort NBD_REPLY_FLAG_DONE = 1 << 0;
    public const ushort NBD_REPLY_TYPE_NONE = 0;
    public const ushort NBD_REPLY_TYPE_OFFSET_DATA = 1;
    public const ushort NBD_REPLY_TYPE_OFFSET_HOLE = 2;
    public const ushort NBD_REPLY_TYPE_BLOCK_STATUS = 5;
    public const ushort NBD_REPLY_TYPE_BLOCK_STATUS_EXT = 6;
    public const ushort NBD_REPLY_TYPE_FLAG_ERROR = 1 << 15;
    public const ushort NBD_REPLY_TYPE_ERROR = NBD_REPLY_TYPE_FLAG_ERROR + 1;
    public const ushort NBD_REPLY_TYPE_ERROR_OFFSET = NBD_REPLY_TYPE_FLAG_ERROR + 2;

    // The flags of the context base:allocation.
    public const string BaseAllocation = "base:allocation";
    public const uint NBD_STATE_HOLE = 1 << 0;
    public const uint NBD_STATE_ZERO = 1 << 1;

    // Error values.
    public const uint NBD_SUCCESS = 0;
    public const uint NBD_EPERM = 1;
    public const uint NBD_EIO = 5;
    public const uint NBD_ENOMEM = 12;
    public const uint NBD_EINVAL = 22;
    public const uint NBD_ENOSPC = 28;
    public const uint NBD_EOVERFLOW = 75;
    public const uint NBD_ENOTSUP = 95;
    public const uint NBD_ESHUTDOWN = 108;

    // Sizes in bytes.
    public const int RequestSize = 28;
    public const int ExtendedRequestSize = 32;
    public const int SimpleReplySize = 16;
    public const int StructuredReplySize = 20;
    public const int ExtendedReplySize = 32;
    public const int OptionHeaderSize = 16;
    public const int OptionReplySize = 20;

    /// <summary>The reserved bytes after the answer to NBD_OPT_EXPORT_NAME.</summary>
    public const int ExportNamePaddingSize = 124;

    /// <summary>Names, descriptions and messages are at most this long.</summary>
    public const int StringSizeMax = 4096;

    /// <summary>The longest payload of one request, and what NBD_INFO_BLOCK_SIZE says: 32 MiB, which every client may count on.</summary>
    public const int PayloadSizeMax = 1 << 25;
}
