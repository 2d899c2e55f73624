package index_test

// Shorthand of letters and messages, "proper>short>short". The longest come first.

var numbers = []string{
	`(\d+) tuổi>${2}t`, `(\d+) triệu>${2}tr`, `(\d+) nghìn>${2}k`, `(\d+) ngày>${2}ngày`, `(\d+) tháng>${2}tháng>${2}th`, `(\d+) năm>${2}năm`,
	`lớp (\d+)>lớp${2}`, `(\d+) mét>${2}m`,
}

var shortened = []string{
	"giấy chứng nhận quyền sử dụng đất>gcnqsdđ>giấy cnqsdđ>gcn qsdđ", "quyền sử dụng đất>qsdđ>qsd đất", "giấy phép lái xe>gplx", "giấy phép xây dựng>gpxd",
	"giấy phép kinh doanh>gpkd", "giấy phép lao động>gplđ", "xác nhận tình trạng hôn nhân>xntthn>xn tthn", "tình trạng hôn nhân>tthn",
	"đăng ký kết hôn>đkkh>đk kết hôn", "đăng ký khai sinh>đkks>đk ks", "giấy khai sinh>gks", "đăng ký thường trú>đktt>đk thường trú", "đăng ký tạm trú>đk tạm trú>đkí tạm trú",
	"đăng ký kinh doanh>đkkd", "đăng ký xe>đkx>đk xe", "hộ kinh doanh>hkd", "bảo hiểm xã hội>bhxh", "bảo hiểm y tế>bhyt", "bảo hiểm thất nghiệp>bhtn",
	"trợ cấp thất nghiệp>tctn", "căn cước công dân>cccd", "căn cước>cc", "chứng minh nhân dân>cmnd", "lý lịch tư pháp>lltp", "nghĩa vụ quân sự>nvqs",
	"phòng cháy chữa cháy>pccc", "an toàn thực phẩm>attp", "mã số thuế>mst", "cảnh sát giao thông>csgt", "ủy ban nhân dân>ubnd", "ủy ban>ub", "công an>ca",
	"hồ sơ>hs>hsơ", "thủ tục>tt>ttuc>thủ tục hc", "giấy chứng nhận>gcn>giấy cn", "giấy phép>gp", "giấy tờ>gt>giấy tờ", "xác nhận>xn", "đăng ký>đk>đky>đki>dk", "chứng nhận>cn",
	"kinh doanh>kd", "công ty>cty", "doanh nghiệp>dn", "hợp đồng>hđ", "người nước ngoài>ng nước ngoài>người nn", "người khuyết tật>nkt", "học sinh>hs", "giáo viên>gv", "đại học>đh", "quyết định>qđ",
	"thành phố>tp", "nhà nước>nn", "chứng thực>ct", "công chứng>cchứng", "cán bộ công chức>cbcc", "hộ khẩu>hk", "giao thông>gthông>gt", "tài sản>ts", "đất đai>đđ", "môi trường>mt", "tài khoản>tk",
}

var chatted = []string{
	"được không>dc k>đc ko>đc hk>dc hông", "như thế nào>ntn>nhu nao", "thế nào>tnào>tn>thế lào", "bao nhiêu tiền>bnh tiền>bao nhiu xèng", "bao nhiêu>bnh>bao nhiu>bnhiu", "bao lâu>bl>bao lau",
	"không>ko>k>hok>khum>kg>hong", "gì>j>ji", "được>đc>dc>đk", "biết>bít>bik", "làm>lm>lèm", "vậy>z>v>zậy", "rồi>r>rùi>òi", "quá>wá>qá", "với>vs>zới", "người>ng>ngừi", "mình>mk>mik",
	"nhưng>nhg>nhưg", "những>nhữg>n~", "cũng>cx>cũg", "bây giờ>bh>bjo", "giờ>h>jo", "hôm nay>hnay", "điện thoại>đt", "em>e>iem", "anh>a", "chị>c", "vợ>vk>zợ", "chồng>ck", "phải>fải>fai>pải",
	"trường>trg>trườg", "nhà>nh>nhà", "muốn>mún>mn>mún", "cần>cần>cầ", "luôn>lun", "tôi>tui>toi", "thì>thỳ>thi", "giúp>júp>giúp zùm", "đăng ký>đky>dky", "mới>ms>mí", "hỏi>hỏi>hõi", "trước>trc>trk",
	"nước>nc>nươc", "cho>ch>cko", "trong>tr>trog", "chưa>chx>chưa", "nữa>nx>nửa", "xong>xog", "nhiều>nh>nhìu", "việc>vc", "còn>cn>còn", "gia đình>gđ>gd",
}
