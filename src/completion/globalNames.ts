/**
 * Names that mean something without being declared: globals of JavaScript, of browsers, of Node and of
 * the common test runners, types of TypeScript's own library, and Python's built-ins and standard
 * modules. Families of names are told by their beginning. It knows no package.
 */
import type { TokenLanguage } from './tokens';

/** Whether a name needs no declaration. */
export function isGlobal(name: string, language: TokenLanguage): boolean {
  if (dunder.test(name)) return true;
  if (language === 'python') return pythonGlobals.has(name);
  return scriptGlobals.has(name) || family.test(name);
}

/** Whether the Python standard library has the module, by the first part of its name. */
export function isStandardModule(name: string): boolean {
  return pythonModules.has(name) || name.startsWith('_');
}

/** Set by the interpreter, or by a bundler. */
const dunder = /^__\w+$/;
/** Elements and interfaces of the DOM, each with dozens of names. */
const family =
  /^\w+(?:Event|EventInit|EventMap|Element|Observer|AudioContext|RenderingContext|Stream)$|^(?:HTML|SVG|CSS|DOM|IDB|RTC|GPU|XML|WebGL|Audio|Media|Readable|Writable|Speech|Font|File|Crypto|Intl|Performance|Mutation|Service)[A-Z]\w*$/;

function wordsIn(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

const scriptGlobals = wordsIn(
  '$ AbortController AbortSignal addEventListener AddEventListenerOptions after afterAll ' +
    'afterEach AggregateError alert AnimationEvent Array ArrayBuffer ArrayBufferLike ' +
    'ArrayBufferView ArrayConstructor ArrayLike AsyncDisposable AsyncDisposableStack ' +
    'AsyncGenerator AsyncGeneratorFunction AsyncIterable AsyncIterableIterator AsyncIterator ' +
    'atob Atomics Awaited before beforeAll beforeEach bench BigInt BigInt64Array ' +
    'BigUint64Array Blob BlobPart BodyInit Boolean BroadcastChannel btoa Buffer ' +
    'BufferEncoding BufferSource ByteLengthQueuingStrategy Cache caches CacheStorage ' +
    'CallableFunction cancelAnimationFrame cancelIdleCallback Capitalize chai chrome ' +
    'ClassDecorator clearImmediate clearInterval clearTimeout ClipboardEvent CloseEvent ' +
    'Comment CompressionStream ConcatArray confirm console ConstructorParameters ' +
    'CountQueuingStrategy Crypto crypto CryptoKey CSSStyleDeclaration CSSStyleSheet ' +
    'customElements CustomEvent cy DataView Date decodeURI decodeURIComponent ' +
    'DecompressionStream describe devicePixelRatio dispatchEvent Disposable DisposableStack ' +
    'Document document DocumentFragment DOMException DOMMatrix DOMParser DOMPoint DOMRect ' +
    'DragEvent Element encodeURI encodeURIComponent Error ErrorConstructor ErrorEvent ' +
    'ErrorOptions escape eval EvalError Event EventListener ' +
    'EventListenerOrEventListenerObject EventSource EventTarget Exclude expect exports ' +
    'Extract fdescribe fetch File FileList FileReader FinalizationRegistry fit Float16Array ' +
    'Float32Array Float64Array FocusEvent FontFace FormData FrameRequestCallback Function ' +
    'FunctionConstructor Generator GeneratorFunction getComputedStyle getSelection globalThis ' +
    'GPUDevice HashChangeEvent Headers HeadersInit History IArguments Image ImageBitmap ' +
    'ImageData ImportMeta indexedDB Infinity innerHeight innerWidth InputEvent InstanceType ' +
    'Int16Array Int32Array Int8Array IntersectionObserver IntersectionObserverEntry Intl ' +
    'isFinite isNaN it Iterable IterableIterator Iterator IteratorObject IteratorResult ' +
    'jasmine jest jQuery JSON JSX KeyboardEvent localStorage Location location Lowercase Map ' +
    'matchMedia Math MediaQueryList MediaRecorder MediaStream MessageChannel MessageEvent ' +
    'MessagePort MethodDecorator module MouseEvent MutationObserver NaN Navigator navigator ' +
    'NewableFunction Node NodeJS NodeList NoInfer NonNullable Notification Number Object ' +
    'ObjectConstructor OffscreenCanvas Omit OmitThisParameter ParameterDecorator Parameters ' +
    'parseFloat parseInt Partial Performance performance PerformanceEntry PerformanceObserver ' +
    'Pick PointerEvent PopStateEvent postMessage process ProgressEvent Promise ' +
    'PromiseConstructor PromiseFulfilledResult PromiseLike PromiseRejectedResult ' +
    'PromiseRejectionEvent PromiseSettledResult prompt PropertyDecorator PropertyDescriptor ' +
    'PropertyDescriptorMap PropertyKey Proxy ProxyHandler queueMicrotask Range RangeError ' +
    'React ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ' +
    'ReadableStreamDefaultController ReadableStreamDefaultReader Readonly ReadonlyArray ' +
    'ReadonlyMap ReadonlySet Record ReferenceError Reflect RegExp RegExpExecArray ' +
    'RegExpMatchArray removeEventListener reportError Request requestAnimationFrame ' +
    'requestIdleCallback RequestInfo RequestInit Required ResizeObserver Response ' +
    'ResponseInit ResponseType ReturnType Screen scrollBy scrollTo Selection self ' +
    'sessionStorage Set setImmediate setInterval setTimeout ShadowRoot SharedArrayBuffer ' +
    'SharedWorker sinon Storage StorageEvent String structuredClone ' +
    'StructuredSerializeOptions SubtleCrypto suite suiteSetup suiteTeardown SuppressedError ' +
    'Symbol SyntaxError TemplateStringsArray test Text TextDecoder TextDecoderStream ' +
    'TextEncoder TextEncoderStream ThisParameterType ThisType TouchEvent Transferable ' +
    'TransformStream TransitionEvent TypedPropertyDescriptor TypeError UIEvent Uint16Array ' +
    'Uint32Array Uint8Array Uint8ClampedArray Uncapitalize unescape Uppercase URIError URL ' +
    'URLPattern URLSearchParams vi VoidFunction WeakMap WeakRef WeakSet WebAssembly WebSocket ' +
    'WheelEvent Window window Worker WritableStream WritableStreamDefaultWriter xdescribe xit ' +
    'XMLHttpRequest XMLSerializer xtest',
);

const pythonGlobals = wordsIn(
  'ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup ' +
    'BlockingIOError BrokenPipeError BufferError BytesWarning ChildProcessError ' +
    'ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError ' +
    'DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception ' +
    'ExceptionGroup FileExistsError FileNotFoundError FloatingPointError FutureWarning ' +
    'GeneratorExit IOError ImportError ImportWarning IndentationError IndexError ' +
    'InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ' +
    'ModuleNotFoundError NameError NotADirectoryError NotImplemented NotImplementedError ' +
    'OSError OverflowError PendingDeprecationWarning PermissionError ProcessLookupError ' +
    'RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning ' +
    'StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError SystemExit ' +
    'TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError ' +
    'UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning ' +
    'WindowsError ZeroDivisionError abs aiter all anext any ascii bin bool breakpoint ' +
    'bytearray bytes callable chr classmethod compile complex delattr dict dir divmod ' +
    'enumerate eval exec exit filter float format frozenset getattr globals hasattr hash help ' +
    'hex id input int isinstance issubclass iter len list locals map max memoryview min next ' +
    'object oct open ord pow print property quit range repr reveal_type reversed round set ' +
    'setattr slice sorted staticmethod str sum super tuple type vars zip',
);

const pythonModules = wordsIn(
  'abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit ' +
    'audioop base64 bdb binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath ' +
    'cmd code codecs codeop collections colorsys compileall compression concurrent ' +
    'configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses ' +
    'datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno ' +
    'faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath ' +
    'getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib ' +
    'imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 ' +
    'linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder ' +
    'msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode ' +
    'operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform ' +
    'plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc ' +
    'pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy ' +
    'sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr ' +
    'socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics ' +
    'string stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile ' +
    'telnetlib tempfile termios textwrap this threading time timeit tkinter token tokenize ' +
    'tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata ' +
    'unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref ' +
    'xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo',
);
