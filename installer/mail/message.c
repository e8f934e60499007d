#include "mail/message.h"

void message_crlf(const struct bytes *message, struct bytes *ret)
{
	const char *p = bytes_text(message), *end = p + message->size;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		if (newline && stop > p && stop[-1] == '\r')
			stop--;
		bytes_add(ret, p, (size_t)(stop - p));
		bytes_add_text(ret, "\r\n");
		p = newline ? newline + 1 : end;
	}
}
